import { type Pod, podResource } from '#api/core/pod.ts';
import type { ObjectName } from '#client/client.ts';
import type { World } from '#reconcile/test-world.ts';
import { timestamp } from '#system/clock.ts';

/** For tests: what a scheduler and a host do to a pod, at once. */
export function runPod(
  world: World,
  pod: Pod,
  { node = 'host-a', ready = true }: { node?: string; ready?: boolean } = {},
): void {
  const name = nameOf(pod);
  world.patch(podResource, name, { spec: { nodeName: node } });
  const at = timestamp(world.nowMs);
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at }];
  world.patchStatus(podResource, name, { phase: 'Running', podIP: '10.0.0.1', startTime: at, conditions });
}

/** Runs every pod of the world that is not running yet, and removes those that are being deleted. */
export function runAllPods(world: World): void {
  for (const pod of world.list(podResource)) {
    if (pod.metadata.deletionTimestamp !== undefined) world.remove(podResource, nameOf(pod));
    else if (pod.status?.phase === undefined || pod.status.phase === 'Pending') runPod(world, pod);
  }
}

function nameOf({ metadata: { namespace, name } }: Pod): ObjectName {
  return { namespace, name };
}
