import type { StatefulSetStatus } from '#api/apps/stateful-set.ts';
import type { Pod } from '#api/core/pod.ts';
import { untilAvailableMs } from '#controllers/pod-state.ts';
import {
  isAvailable,
  isOfRevision,
  isRolling,
  isRunning,
  isTerminating,
  type Situation,
} from '#controllers/stateful-set/situation.ts';
import { presentFields } from '#controllers/status-change.ts';

/** The counts of a StatefulSet; an update that has reached every pod makes its revision the current one. */
export function observedStatus(situation: Situation): StatefulSetStatus {
  const { set, slots, condemned, history, current } = situation;
  const pods = [...slots, ...condemned].flatMap(({ pod }) => (pod === undefined ? [] : [pod]));
  const staying = pods.filter((pod) => !isTerminating(pod));
  const updated = staying.filter((pod) => isOfRevision(pod, history.update)).length;
  const ready = pods.filter(isRunning).length;
  const isUpdated = isRolling(set) && updated === slots.length && ready === slots.length;
  const revision = isUpdated ? history.update : current;
  return {
    replicas: pods.length,
    currentRevision: revision.name,
    updateRevision: history.update.name,
    ...presentFields<StatefulSetStatus>({
      observedGeneration: set.metadata.generation,
      readyReplicas: ready,
      currentReplicas: staying.filter((pod) => isOfRevision(pod, revision)).length,
      updatedReplicas: updated,
      collisionCount: (set.status?.collisionCount ?? 0) + (history.collides ? 1 : 0),
      conditions: set.status?.conditions,
    }),
    // kubectl tells "0 available" from "not known" by this one.
    availableReplicas: pods.filter((pod) => isAvailable(situation, pod)).length,
  };
}

/** How long until a ready pod is available; undefined where none waits for that. */
export function untilNextAvailableMs({ set, nowMs }: Situation, pods: readonly Pod[]): number | undefined {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  if (minReadySeconds === 0) return undefined;
  const waits = pods
    .map((pod) => untilAvailableMs(pod, { minReadySeconds, nowMs }))
    .filter((ms) => ms > 0 && ms < Infinity);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
