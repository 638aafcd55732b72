import type {
  ContainerContext,
  ContainerDraft,
  ContainerHook,
  StoppingContainer,
} from '#kubelet/hooks/container-hook.ts';
import { environmentHook } from '#kubelet/hooks/environment-hook.ts';
import { hostsFileHook } from '#kubelet/hooks/hosts-file-hook.ts';
import { imageHook } from '#kubelet/hooks/image-hook.ts';
import { lifecycleHook } from '#kubelet/hooks/lifecycle-hook.ts';
import { limitsHook } from '#kubelet/hooks/limits-hook.ts';
import { terminationMessageHook } from '#kubelet/hooks/termination-message-hook.ts';
import { volumeMountsHook } from '#kubelet/hooks/volume-mounts-hook.ts';

/** In the order in which they make a container. */
export const CONTAINER_HOOKS: readonly ContainerHook[] = [
  imageHook,
  environmentHook,
  volumeMountsHook,
  hostsFileHook,
  terminationMessageHook,
  limitsHook,
  lifecycleHook,
];

/** The finished configuration. Throws what the first hook that fails throws. */
export async function prepareContainer(
  context: ContainerContext,
  draft: ContainerDraft,
): Promise<ContainerDraft> {
  let prepared = draft;
  for (const hook of CONTAINER_HOOKS) {
    context.signal.throwIfAborted();
    prepared = (await hook.beforeCreate?.(context, prepared)) ?? prepared;
  }
  return prepared;
}

/** Runs all hooks once a container runs. Throws what the first that fails throws. */
export async function afterContainerStart(context: ContainerContext, containerId: string): Promise<void> {
  for (const hook of CONTAINER_HOOKS) await hook.afterStart?.(context, containerId);
}

/** Runs all hooks before a container is stopped, in reverse. Never rejects. */
export async function beforeContainerStop(context: StoppingContainer): Promise<void> {
  for (const hook of CONTAINER_HOOKS.toReversed()) await hook.beforeStop?.(context);
}
