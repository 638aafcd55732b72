import type { ReplicaSet } from '#api/apps/replica-set.ts';
import type { Pod } from '#api/core/pod.ts';
import type { Resize } from '#controllers/deployment/rolling-update.ts';
import { type Rollout, sizeOf } from '#controllers/deployment/rollout.ts';
import { isPodTerminal } from '#controllers/pod-state.ts';

/** The old sets that the strategy Recreate takes to nothing before anything new may start. */
export function oldSetsToEmpty({ old }: Rollout): Resize[] {
  return old.filter((set) => sizeOf(set) > 0).map((set) => ({ set, replicas: 0 }));
}

/** Whether a pod of an old set still runs, even if it is being deleted: two revisions must not run side by side. */
export function runsOldPods(
  old: readonly ReplicaSet[],
  podsOf: (set: ReplicaSet) => readonly Pod[],
): boolean {
  return old.some((set) => podsOf(set).some((pod) => !isPodTerminal(pod)));
}
