import type { EphemeralContainer } from '#api/core/container.ts';
import { resourcesOf } from '#kubelet/container/resources.ts';
import { securityOf } from '#kubelet/container/security.ts';
import type { ContainerContext, ContainerHook } from '#kubelet/hooks/container-hook.ts';
import { StartError } from '#kubelet/start-error.ts';
import { must } from '#system/assert.ts';

/** What the container may use and what it may do. */
export const limitsHook: ContainerHook = {
  name: 'limits',
  async beforeCreate(context, draft) {
    const { host, pod, spec } = context;
    const image = must(draft.image, 'the image hook runs before the limits hook');
    return {
      ...draft,
      config: {
        ...draft.config,
        resources: resourcesOf(pod, spec, host),
        security: {
          ...securityOf(pod, spec, { image, seccompFolder: host.paths.seccomp }),
          ...(await targetOf(context)),
        },
      },
    };
  },
};

/** The container that an ephemeral one is to look into: it must run. */
async function targetOf({
  host,
  spec,
  sandbox,
}: ContainerContext): Promise<{ readonly targetContainerId?: string }> {
  const { targetContainerName: name } = spec as EphemeralContainer;
  if (name === undefined || name === '') return {};
  const target = (await host.runtime.listContainers()).find(
    (container) =>
      container.sandboxId === sandbox.id && container.name === name && container.state.type === 'running',
  );
  if (target !== undefined) return { targetContainerId: target.id };
  throw new StartError('CreateContainerConfigError', `target container "${name}" does not run`);
}
