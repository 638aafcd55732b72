import type { JobStatus } from '#api/batch/job.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { judgeFailure } from '#controllers/job/failure-policy.ts';
import { formatIndexes, parseIndexes } from '#controllers/job/index-set.ts';
import {
  finalCondition,
  hasFailed,
  indexOf,
  isIndexed,
  isTracked,
  type Situation,
  TRACKING_FINALIZER,
} from '#controllers/job/situation.ts';
import type { Action } from '#reconcile/controller.ts';

/**
 * How many pods ended well and ill, each counted once, whenever and by whomever pods are deleted (KEP-2307): a pod that
 * ended is first noted in the status by its uid, then loses its finalizer, then is counted and its uid forgotten.
 */
export interface Account {
  readonly succeeded: number;
  readonly failed: number;
  /** Ended, noted, and not counted yet: uids. */
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
  /** Indexes of an Indexed Job. */
  readonly completed: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** Pods that are done with: their finalizer may go. */
  readonly settled: readonly Pod[];
}

/** Counts that the Job decides by: what is noted counts. */
export function totalsOf({ succeeded, failed, uncounted }: Account): { succeeded: number; failed: number } {
  return { succeeded: succeeded + uncounted.succeeded.length, failed: failed + uncounted.failed.length };
}

export function isSettled({ uncounted }: Account): boolean {
  return uncounted.succeeded.length === 0 && uncounted.failed.length === 0;
}

export function keepAccount(situation: Situation): Account {
  const { job, pods } = situation;
  const status = job.status ?? {};
  const tracked = pods.filter(isTracked);
  const byUid = new Map(tracked.map((pod) => [pod.metadata.uid, pod]));
  const noted = {
    succeeded: status.uncountedTerminatedPods?.succeeded ?? [],
    failed: status.uncountedTerminatedPods?.failed ?? [],
  };
  const isKnown = ({ metadata: { uid } }: Pod): boolean =>
    noted.succeeded.includes(uid) || noted.failed.includes(uid);
  const fresh = tracked.filter((pod) => !isKnown(pod));
  const ignored = fresh.filter((pod) => hasFailed(job, pod) && judgeFailure(job, pod).action === 'Ignore');
  const succeeded = fresh.filter(({ status: of }) => of?.phase === 'Succeeded');
  const failed = fresh.filter((pod) => hasFailed(job, pod) && !ignored.includes(pod));
  const indexes = indexesOf(situation, { succeeded, failed });
  const isStillTracked = (uid: string): boolean => byUid.has(uid);
  return {
    succeeded: isIndexed(job)
      ? indexes.completed.size
      : (status.succeeded ?? 0) + noted.succeeded.filter((uid) => !isStillTracked(uid)).length,
    failed: (status.failed ?? 0) + noted.failed.filter((uid) => !isStillTracked(uid)).length,
    uncounted: {
      succeeded: isIndexed(job) ? [] : [...noted.succeeded.filter(isStillTracked), ...succeeded.map(uidOf)],
      failed: [...noted.failed.filter(isStillTracked), ...failed.map(uidOf)],
    },
    ...indexes,
    settled: tracked.filter((pod) => isDoneWith(situation, { pod, isKnown: isKnown(pod), ignored })),
  };
}

/** Takes the tracking finalizer off pods. */
export function untrackPods(pods: readonly Pod[], why: string): Action[] {
  return pods.map(({ metadata: { namespace, name, resourceVersion, finalizers = [] } }) => {
    const rest = finalizers.filter((finalizer) => finalizer !== TRACKING_FINALIZER);
    const patch = { metadata: { resourceVersion, finalizers: rest } };
    return { type: 'patch', resource: podResource, name: { namespace, name }, patch, why };
  });
}

/** The part of a status that holds the account. */
export function accountStatus(situation: Situation, account: Account): JobStatus {
  const { uncounted } = account;
  const waiting = {
    ...(uncounted.succeeded.length === 0 ? {} : { succeeded: [...uncounted.succeeded] }),
    ...(uncounted.failed.length === 0 ? {} : { failed: [...uncounted.failed] }),
  };
  return {
    ...(account.succeeded === 0 ? {} : { succeeded: account.succeeded }),
    ...(account.failed === 0 ? {} : { failed: account.failed }),
    uncountedTerminatedPods: waiting,
    ...(isIndexed(situation.job) && account.completed.size > 0
      ? { completedIndexes: formatIndexes(account.completed) }
      : {}),
    ...(situation.job.spec.backoffLimitPerIndex === undefined
      ? {}
      : { failedIndexes: formatIndexes(account.failedIndexes) }),
  };
}

function isDoneWith(
  { job }: Situation,
  { pod, isKnown, ignored }: { pod: Pod; isKnown: boolean; ignored: readonly Pod[] },
): boolean {
  if (isKnown || ignored.includes(pod) || finalCondition(job) !== undefined) return true;
  const index = indexOf(job, pod);
  const isCompleted = index !== undefined && parseIndexes(job.status?.completedIndexes).has(index);
  return isIndexed(job) && pod.status?.phase === 'Succeeded' && (isCompleted || index === undefined);
}

function indexesOf(
  { job, pods }: Situation,
  ended: { succeeded: readonly Pod[]; failed: readonly Pod[] },
): { completed: Set<number>; failedIndexes: Set<number> } {
  if (!isIndexed(job)) return { completed: new Set(), failedIndexes: new Set() };
  const completed = parseIndexes(job.status?.completedIndexes);
  for (const pod of ended.succeeded) addTo(completed, indexOf(job, pod));
  const failedIndexes = parseIndexes(job.status?.failedIndexes);
  const limit = job.spec.backoffLimitPerIndex;
  if (limit !== undefined) {
    for (const pod of ended.failed) {
      const index = indexOf(job, pod);
      const failures = pods.filter((each) => hasFailed(job, each) && indexOf(job, each) === index).length;
      if (failures > limit || judgeFailure(job, pod).action === 'FailIndex') addTo(failedIndexes, index);
    }
  }
  for (const index of completed) failedIndexes.delete(index);
  return { completed, failedIndexes };
}

function addTo(indexes: Set<number>, index: number | undefined): void {
  if (index !== undefined) indexes.add(index);
}

function uidOf({ metadata: { uid } }: Pod): string {
  return uid;
}
