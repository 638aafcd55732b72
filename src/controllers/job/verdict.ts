import type { Job, SuccessPolicyRule } from '#api/batch/job.ts';
import type { Pod } from '#api/core/pod.ts';
import { type Account, totalsOf } from '#controllers/job/accounting.ts';
import { judgeFailure } from '#controllers/job/failure-policy.ts';
import { parseIndexes } from '#controllers/job/index-set.ts';
import { hasFailed, isIndexed, type Situation, trueCondition } from '#controllers/job/situation.ts';
import { parseTimestamp } from '#system/clock.ts';

/** Whether a Job goes on, or how it is to end once its pods have. */
export type Verdict =
  | { readonly type: 'goes-on' }
  | { readonly type: 'succeeds' | 'fails'; readonly reason: string; readonly message: string };

/** Retries of a Job that does not say. */
const BACKOFF_LIMIT_DEFAULT = 6;

/** What was decided once stays decided: the conditions FailureTarget and SuccessCriteriaMet hold it (KEP-3329, KEP-3998). */
export function judgeJob(situation: Situation, account: Account): Verdict {
  const { job } = situation;
  const failure = trueCondition(job, 'FailureTarget');
  if (failure !== undefined)
    return { type: 'fails', reason: failure.reason ?? '', message: failure.message ?? '' };
  const success = trueCondition(job, 'SuccessCriteriaMet');
  if (success !== undefined)
    return { type: 'succeeds', reason: success.reason ?? '', message: success.message ?? '' };
  return findFailure(situation, account) ?? findSuccess(situation, account) ?? { type: 'goes-on' };
}

/** How long until the Job's deadline, in milliseconds; undefined where it has none or has not started. */
export function untilDeadlineMs({ job, nowMs }: Situation): number | undefined {
  const { activeDeadlineSeconds } = job.spec;
  const startMs = parseTimestamp(job.status?.startTime);
  if (activeDeadlineSeconds === undefined || startMs === undefined || job.spec.suspend === true)
    return undefined;
  return startMs + activeDeadlineSeconds * 1000 - nowMs;
}

function findFailure(situation: Situation, account: Account): Verdict | undefined {
  const { job, pods } = situation;
  const fails = (reason: string, message: string): Verdict => ({ type: 'fails', reason, message });
  const fatal = pods
    .filter((pod) => hasFailed(job, pod))
    .map((pod) => judgeFailure(job, pod))
    .find(({ action }) => action === 'FailJob');
  if (fatal !== undefined) return fails('PodFailurePolicy', fatal.message);
  if (hasExhaustedRetries(situation, account)) {
    return fails('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  if ((untilDeadlineMs(situation) ?? 1) <= 0) {
    return fails('DeadlineExceeded', 'Job was active longer than specified deadline');
  }
  return findFailedIndexes(job, account);
}

function findFailedIndexes({ spec }: Job, { completed, failedIndexes }: Account): Verdict | undefined {
  if (spec.backoffLimitPerIndex === undefined || failedIndexes.size === 0) return undefined;
  if (spec.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    return { type: 'fails', reason: 'MaxFailedIndexesExceeded', message };
  }
  const isOver = completed.size + failedIndexes.size >= (spec.completions ?? 0);
  return isOver ? { type: 'fails', reason: 'FailedIndexes', message: 'Job has failed indexes' } : undefined;
}

function hasExhaustedRetries({ job, active }: Situation, account: Account): boolean {
  const limit = job.spec.backoffLimit ?? BACKOFF_LIMIT_DEFAULT;
  if (totalsOf(account).failed > limit) return true;
  if (job.spec.template.spec.restartPolicy !== 'OnFailure') return false;
  const restarts = active.reduce((sum, pod) => sum + restartsOf(pod), 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function restartsOf({ status }: Pod): number {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

function findSuccess({ job, active }: Situation, account: Account): Verdict | undefined {
  const { succeeded } = totalsOf(account);
  const { completions, suspend } = job.spec;
  const rule = isIndexed(job)
    ? job.spec.successPolicy?.rules.findIndex((each) => meetsRule(each, account))
    : -1;
  if (rule !== undefined && rule >= 0) {
    return { type: 'succeeds', reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` };
  }
  const isDone = completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions;
  if (!isDone || (suspend === true && completions !== 0)) return undefined;
  return {
    type: 'succeeds',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
}

function meetsRule({ succeededIndexes, succeededCount }: SuccessPolicyRule, { completed }: Account): boolean {
  const wanted = succeededIndexes === undefined ? undefined : [...parseIndexes(succeededIndexes)];
  const met = wanted === undefined ? completed.size : wanted.filter((index) => completed.has(index)).length;
  return met >= (succeededCount ?? wanted?.length ?? Infinity);
}
