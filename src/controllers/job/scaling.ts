import type { Job } from '#api/batch/job.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { type Account, totalsOf, untrackPods } from '#controllers/job/accounting.ts';
import { jobPod, podNamePrefix } from '#controllers/job/job-pod.ts';
import { endedAtMs, hasFailed, indexOf, isIndexed, type Situation } from '#controllers/job/situation.ts';
import { generatedNames } from '#controllers/name-suffix.ts';
import { createPod, deletePod } from '#controllers/pod-actions.ts';
import { inDeletionOrder } from '#controllers/pod-deletion-order.ts';
import type { Action, Lookup } from '#reconcile/controller.ts';

/** Most pods that one plan creates; the next plan goes on. */
const BURST_PODS_MAX = 500;

/** Wait before the first pod after a failure, and at most; it doubles with each failure since the last success. In milliseconds. */
const RETRY_FIRST_MS = 10_000;
const RETRY_MAX_MS = 10 * 60_000;

/** Brings the number of a Job's active pods to what it wants now. */
export function scaleJob(
  lookup: Lookup,
  { situation, account }: { situation: Situation; account: Account },
): Action[] {
  const { job, active, terminating, nowMs } = situation;
  const duplicates = duplicatePods(job, active);
  const kept = active.filter((pod) => !duplicates.includes(pod));
  const wanted = wantedActive(situation, account);
  const excess = inDeletionOrder(kept, { related: kept, nowMs }).slice(0, Math.max(0, kept.length - wanted));
  const removals = pausePods(
    { ...situation, active: [...duplicates, ...excess] },
    `the Job wants ${wanted} active pods`,
  );
  // A Job that replaces pods only when they failed counts those that are stopping as there.
  const stopping = job.spec.podReplacementPolicy === 'Failed' ? terminating.length : 0;
  const missing = Math.min(wanted - kept.length - stopping, BURST_PODS_MAX);
  return missing <= 0
    ? removals
    : [...removals, ...startPods(lookup, { situation, account, count: missing })];
}

/** Deletes every active pod of a Job that is over: they count as failed. */
export function stopPods({ job, active }: Situation, why: string): Action[] {
  return active.flatMap((pod) => deletePod(job, { pod, why }));
}

/** Deletes every active pod of a Job that is to rest: they count as nothing. */
export function pausePods({ job, active }: Situation, why: string): Action[] {
  return active.flatMap((pod) => [...untrackPods([pod], why), ...deletePod(job, { pod, why })]);
}

function wantedActive({ job, active }: Situation, account: Account): number {
  const { parallelism = 1, completions } = job.spec;
  const { succeeded } = totalsOf(account);
  if (completions === undefined) return succeeded > 0 ? Math.min(active.length, parallelism) : parallelism;
  return Math.max(0, Math.min(completions - succeeded - account.failedIndexes.size, parallelism));
}

function startPods(
  lookup: Lookup,
  { situation, account, count }: { situation: Situation; account: Account; count: number },
): Action[] {
  const { job } = situation;
  const slots = isIndexed(job)
    ? openIndexes(situation, account)
    : Array.from({ length: count }, () => undefined);
  const waits = slots.slice(0, count).map((index) => ({ index, waitMs: retryWaitMs(situation, index) }));
  const due = waits.filter(({ waitMs }) => waitMs <= 0).map(({ index }) => index);
  const later = waits.filter(({ waitMs }) => waitMs > 0).map(({ waitMs }) => waitMs);
  return [
    ...createPods(lookup, { situation, indexes: due }),
    ...(later.length === 0
      ? []
      : [{ type: 'requeue', afterMs: Math.min(...later), why: 'a pod failed a short time ago' } as const]),
  ];
}

function createPods(
  lookup: Lookup,
  { situation, indexes }: { situation: Situation; indexes: readonly (number | undefined)[] },
): Action[] {
  const { job, nowMs } = situation;
  const { namespace, uid } = job.metadata;
  const isTaken = (name: string): boolean => lookup.get(podResource, { namespace, name }) !== undefined;
  const taken = new Set<string>();
  return indexes.flatMap((index): Action[] => {
    const [name = ''] = generatedNames(podNamePrefix(job, index), {
      count: 1,
      seed: `${uid}/${nowMs}/${index ?? taken.size}`,
      isTaken: (each) => taken.has(each) || isTaken(each),
    });
    taken.add(name);
    const why =
      index === undefined ? 'the Job wants more active pods' : `index ${index} of the Job is not completed`;
    return createPod(job, { object: jobPod(job, { name, index }), why });
  });
}

/** Indexes without a pod that are neither completed nor failed, lowest first. */
function openIndexes(
  { job, active, terminating }: Situation,
  { completed, failedIndexes }: Account,
): number[] {
  const waitsForEnd = job.spec.podReplacementPolicy === 'Failed';
  const busy = new Set([...active, ...(waitsForEnd ? terminating : [])].map((pod) => indexOf(job, pod)));
  const all = Array.from({ length: job.spec.completions ?? 0 }, (_, index) => index);
  return all.filter((index) => !busy.has(index) && !completed.has(index) && !failedIndexes.has(index));
}

/** Second pods of an index, and pods without a good one. */
function duplicatePods(job: Job, active: readonly Pod[]): Pod[] {
  if (!isIndexed(job)) return [];
  const seen = new Set<number>();
  return active.filter((pod) => {
    const index = indexOf(job, pod);
    if (index === undefined || seen.has(index)) return true;
    seen.add(index);
    return false;
  });
}

/** How long a new pod must wait because of those that failed: of its index where the Job counts by index. */
function retryWaitMs({ job, pods, nowMs }: Situation, index: number | undefined): number {
  const isOwn = (pod: Pod): boolean =>
    job.spec.backoffLimitPerIndex === undefined || indexOf(job, pod) === index;
  const own = pods.filter(isOwn);
  const lastSuccessMs = own
    .filter(({ status }) => status?.phase === 'Succeeded')
    .reduce((last, pod) => Math.max(last, endedAtMs(pod)), -Infinity);
  const failures = own.filter((pod) => hasFailed(job, pod) && endedAtMs(pod) > lastSuccessMs);
  if (failures.length === 0) return 0;
  const lastFailureMs = failures.reduce((last, pod) => Math.max(last, endedAtMs(pod)), -Infinity);
  const backoffMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures.length - 1, 16));
  return Math.min(backoffMs, lastFailureMs + backoffMs - nowMs);
}
