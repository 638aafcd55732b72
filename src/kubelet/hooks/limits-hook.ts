import { resourcesOf } from '#kubelet/container/resources.ts';
import { securityOf } from '#kubelet/container/security.ts';
import type { ContainerHook } from '#kubelet/hooks/container-hook.ts';
import { must } from '#system/assert.ts';

/** What the container may use and what it may do. */
export const limitsHook: ContainerHook = {
  name: 'limits',
  async beforeCreate({ host, pod, spec }, draft) {
    const image = must(draft.image, 'the image hook runs before the limits hook');
    return {
      ...draft,
      config: {
        ...draft.config,
        resources: resourcesOf(pod, spec, host),
        security: securityOf(pod, spec, { image, seccompFolder: host.paths.seccomp }),
      },
    };
  },
};
