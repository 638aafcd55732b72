import type { ContainerHook } from '#kubelet/hooks/container-hook.ts';

/** The image is on this host before the container is made. */
export const imageHook: ContainerHook = {
  name: 'image',
  async beforeCreate({ host, pod, spec, signal }, draft) {
    const image = await host.images.ensure({
      image: spec.image ?? '',
      policy: spec.imagePullPolicy ?? 'IfNotPresent',
      announce: (event) => host.announce(pod, event),
      signal,
    });
    return { image, config: { ...draft.config, image: image.id } };
  },
};
