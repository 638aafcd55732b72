import { logsHook } from '#kubelet/hooks/logs-hook.ts';
import type { PodContext, PodHook, PodRemains, PreparedPod } from '#kubelet/hooks/pod-hook.ts';
import { volumesHook } from '#kubelet/hooks/volumes-hook.ts';

/** In the order in which they set a pod up. */
export const POD_HOOKS: readonly PodHook[] = [logsHook, volumesHook];

/** Runs all hooks on the way up. Throws what the first that fails throws. */
export async function setUpPod(context: PodContext): Promise<PreparedPod> {
  let prepared: PreparedPod = { volumes: new Map(), renewAtMs: Infinity };
  for (const hook of POD_HOOKS) prepared = (await hook.setUp?.(context, prepared)) ?? prepared;
  return prepared;
}

/** Runs all hooks on the way down: `release` keeps what people may still ask for, `remove` keeps nothing. */
export async function takeDownPod(remains: PodRemains, how: 'release' | 'remove'): Promise<void> {
  for (const hook of POD_HOOKS.toReversed()) await hook[how]?.(remains);
}
