import type { DaemonSetStatus } from '#api/apps/daemon-set.ts';
import { isAvailable, isUpdated, type Place, type Situation } from '#controllers/daemon-set/situation.ts';
import { isPodReady, untilAvailableMs } from '#controllers/pod-state.ts';
import { presentFields } from '#controllers/status-change.ts';

/** The counts of a DaemonSet, in nodes. */
export function observedStatus(situation: Situation): DaemonSetStatus {
  const { set, places, history } = situation;
  const wanted = places.filter(({ shouldRun }) => shouldRun);
  const having = wanted.filter(({ pods }) => pods.length > 0);
  // Of several pods on a node the oldest counts, as upstream has it.
  const count = (test: (pod: Place['pods'][number]) => boolean): number =>
    having.filter(({ pods }) => pods.slice(0, 1).some(test)).length;
  const available = having.filter(({ pods }) => pods.some((pod) => isAvailable(situation, pod))).length;
  return {
    currentNumberScheduled: having.length,
    desiredNumberScheduled: wanted.length,
    numberMisscheduled: places.filter(({ shouldRun, pods }) => !shouldRun && pods.length > 0).length,
    numberReady: having.filter(({ pods }) => pods.some(isPodReady)).length,
    ...presentFields<DaemonSetStatus>({
      numberAvailable: available,
      numberUnavailable: wanted.length - available,
      updatedNumberScheduled: count((pod) => isUpdated(situation, pod)),
      observedGeneration: set.metadata.generation,
      collisionCount: (set.status?.collisionCount ?? 0) + (history.collides ? 1 : 0),
      conditions: set.status?.conditions,
    }),
  };
}

/** How long until a ready pod is available; undefined where none waits for that. */
export function untilNextAvailableMs({ set, places, nowMs }: Situation): number | undefined {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  if (minReadySeconds === 0) return undefined;
  const waits = places
    .flatMap(({ pods }) => pods.map((pod) => untilAvailableMs(pod, { minReadySeconds, nowMs })))
    .filter((ms) => ms > 0 && ms < Infinity);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
