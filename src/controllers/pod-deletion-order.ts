import type { Pod } from '#api/core/pod.ts';
import { isPodReady, readySinceMs } from '#controllers/pod-state.ts';
import { parseTimestamp } from '#system/clock.ts';

/** An integer that a user gives a pod: the lower, the sooner it goes when there are too many. */
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

const PHASE_ORDER = { Pending: 0, Unknown: 1, Running: 2, Succeeded: 2, Failed: 2 } as const;

/**
 * The pods in the order in which a scale-down takes them: those that are worth least first (Kubernetes docs,
 * "ReplicaSet", "Scaling a ReplicaSet"). Not assigned to a host, then pending, then not ready, then of lower deletion cost,
 * then with more of `related` (the active pods of the same application) on their host, then ready for a shorter time (on
 * a logarithmic scale), then restarted more often, then younger (likewise); at last by uid, so that a plan repeats.
 */
export function inDeletionOrder(
  pods: readonly Pod[],
  { related, nowMs }: { related: readonly Pod[]; nowMs: number },
): Pod[] {
  const perHost = new Map<string, number>();
  for (const { spec } of related)
    perHost.set(spec.nodeName ?? '', (perHost.get(spec.nodeName ?? '') ?? 0) + 1);
  const ranked = pods.map((pod) => ({ pod, rank: rankOf(pod, { perHost, nowMs }) }));
  return ranked
    .toSorted((a, b) => compareRanks(a.rank, b.rank) || compareText(a.pod, b.pod))
    .map(({ pod }) => pod);
}

/** Numbers that are compared one after the other: lower goes first. */
type Rank = readonly number[];

function rankOf(pod: Pod, { perHost, nowMs }: { perHost: ReadonlyMap<string, number>; nowMs: number }): Rank {
  const isAssigned = pod.spec.nodeName !== undefined && pod.spec.nodeName !== '';
  return [
    isAssigned ? 1 : 0,
    PHASE_ORDER[pod.status?.phase ?? 'Pending'],
    isPodReady(pod) ? 1 : 0,
    deletionCost(pod),
    isAssigned ? -(perHost.get(pod.spec.nodeName ?? '') ?? 0) : 0,
    isPodReady(pod) ? logarithm(nowMs - (readySinceMs(pod) ?? nowMs)) : 0,
    -restartCount(pod),
    logarithm(nowMs - (parseTimestamp(pod.metadata.creationTimestamp) ?? nowMs)),
  ];
}

function compareRanks(a: Rank, b: Rank): number {
  const index = a.findIndex((value, i) => value !== b[i]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

function compareText(a: Pod, b: Pod): number {
  return a.metadata.uid < b.metadata.uid ? -1 : 1;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST] ?? '0';
  return /^(0|-?[1-9]\d{0,9})$/.test(text) ? Number(text) : 0;
}

function restartCount(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce(
    (most, status) => Math.max(most, status.restartCount),
    0,
  );
}

/** The age as a power of two of seconds: of pods of about the same age none is preferred. */
function logarithm(ageMs: number): number {
  return Math.floor(Math.log2(Math.max(1, ageMs / 1000)));
}
