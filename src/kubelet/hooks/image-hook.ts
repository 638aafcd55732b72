import type { ContainerHook } from '#kubelet/hooks/container-hook.ts';
import { defaultPullPolicy } from '#kubelet/images/image-name.ts';

/** The image is on this host before the container is made. */
export const imageHook: ContainerHook = {
  name: 'image',
  async beforeCreate({ host, pod, spec, signal }, draft) {
    const wanted = spec.image ?? '';
    const image = await host.images.ensure({
      image: wanted,
      policy: spec.imagePullPolicy ?? defaultPullPolicy(wanted),
      announce: (event) => host.announce(pod, event),
      signal,
    });
    return { image, config: { ...draft.config, image: image.id } };
  },
};
