import type { Pod } from '#api/core/pod.ts';
import type { Secret } from '#api/core/secret.ts';
import type { ContainerHook } from '#kubelet/hooks/container-hook.ts';
import { credentialsFor } from '#kubelet/images/registry-credentials.ts';
import { type KubeletSources, volumeObjectsOf } from '#kubelet/sources.ts';

/** The image is on this host before the container is made. */
export const imageHook: ContainerHook = {
  name: 'image',
  async beforeCreate({ host, pod, spec, signal }, draft) {
    const image = await host.images.ensure({
      image: spec.image ?? '',
      credentials: credentialsFor(spec.image ?? '', pullSecretsOf(pod, host.sources)),
      policy: spec.imagePullPolicy ?? 'IfNotPresent',
      announce: (event) => host.announce(pod, event),
      signal,
    });
    return { image, config: { ...draft.config, image: image.id } };
  },
};

function pullSecretsOf({ metadata, spec }: Pod, sources: KubeletSources): Secret[] {
  const { secret } = volumeObjectsOf(sources, metadata.namespace ?? '');
  return (spec.imagePullSecrets ?? []).flatMap(({ name = '' }) => secret(name) ?? []);
}
