import { type Job, type JobCondition, type JobStatus, jobResource } from '#api/batch/job.ts';
import { JOB_NAME_LABEL } from '#api/batch/job-defaults.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { controllerOf } from '#api/object.ts';
import { compileLabelSet } from '#api/selector.ts';
import { withCondition } from '#controllers/condition-list.ts';
import {
  type Account,
  accountStatus,
  isSettled,
  keepAccount,
  untrackPods,
} from '#controllers/job/accounting.ts';
import { pausePods, scaleJob, stopPods } from '#controllers/job/scaling.ts';
import { finalCondition, isTracked, type Situation, situationOf } from '#controllers/job/situation.ts';
import { judgeJob, untilDeadlineMs, type Verdict } from '#controllers/job/verdict.ts';
import { claim } from '#controllers/ownership.ts';
import { isPodReady } from '#controllers/pod-state.ts';
import { orphanPods, readControlledPods } from '#controllers/pods-of-selector.ts';
import { matcherOf } from '#controllers/selector-matcher.ts';
import { presentFields, statusChange } from '#controllers/status-change.ts';
import type { Action, Controller, Snapshot } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

const OWN_NAME = 'kubernetes.io/job-controller';

/** Runs pods until enough of them have succeeded, or too many failed (Kubernetes docs, "Jobs"). */
export const jobController: Controller<Job> = {
  name: 'job-controller',
  for: jobResource,
  reads: [readControlledPods(jobResource, ({ spec }) => spec.selector)],
  writes: [
    { type: jobResource, verbs: ['patchStatus', 'delete'] },
    { type: podResource, verbs: ['create', 'patch', 'delete'] },
  ],
  plan(snapshot, nowMs) {
    const { object: job } = snapshot;
    const released = untrackPods(podsOfGoneJobs(snapshot), 'its Job is gone');
    if (job === undefined || (job.spec.managedBy ?? OWN_NAME) !== OWN_NAME) return released;
    const { claimed: pods, actions: claims } = claimPods(snapshot, job);
    const situation = situationOf(job, { pods, nowMs });
    if (job.metadata.deletionTimestamp !== undefined) {
      return [...released, ...untrackPods(pods.filter(isTracked), 'its Job is being deleted')];
    }
    return [...released, ...claims, ...planJob(snapshot, situation)];
  },
};

/** Pods that say they are of a Job of this name, but of one that was there before. */
function podsOfGoneJobs({ name: { namespace = '', name }, object, ...lookup }: Snapshot<Job>): Pod[] {
  const matcher = compileLabelSet({ [JOB_NAME_LABEL]: name });
  const pods = selectObjects(lookup, labelIndex(podResource), { namespace, matcher });
  return pods.filter((pod) => {
    const owner = controllerOf(pod);
    return isTracked(pod) && owner?.kind === 'Job' && owner.uid !== object?.metadata.uid;
  });
}

function claimPods(snapshot: Snapshot<Job>, job: Job) {
  const { selector = {} } = job.spec;
  const isSelective = job.spec.selector !== undefined;
  return claim(
    { type: jobResource, object: job, matcher: matcherOf(selector) },
    {
      type: podResource,
      owned: snapshot.list(podResource, { ownedBy: job.metadata.uid }),
      orphans: isSelective ? orphanPods(snapshot, { namespace: job.metadata.namespace ?? '', selector }) : [],
    },
  );
}

function planJob(snapshot: Snapshot<Job>, situation: Situation): Action[] {
  const { job } = situation;
  const account = keepAccount(situation);
  const settled = untrackPods(account.settled, 'its end has been counted');
  if (finalCondition(job) !== undefined) {
    return [
      ...writeStatus(situation, { account, conditions: job.status?.conditions ?? [] }),
      ...settled,
      ...expire(situation),
    ];
  }
  const verdict = judgeJob(situation, account);
  if (verdict.type !== 'goes-on') return [...endJob(situation, { account, verdict }), ...settled];
  if (job.spec.suspend === true) {
    return [...suspend(situation, account), ...settled, ...pausePods(situation, 'the Job is suspended')];
  }
  return [
    ...resume(situation, account),
    ...settled,
    ...scaleJob(snapshot, { situation, account }),
    ...awaitDeadline(situation),
  ];
}

/** Says how the Job is to end, stops its pods, and once all of them have ended and are counted, ends it. */
function endJob(
  situation: Situation,
  { account, verdict }: { account: Account; verdict: Exclude<Verdict, { type: 'goes-on' }> },
): Action[] {
  const { job, active, terminating, nowMs } = situation;
  const { reason, message } = verdict;
  const [interim, final] =
    verdict.type === 'fails'
      ? (['FailureTarget', 'Failed'] as const)
      : (['SuccessCriteriaMet', 'Complete'] as const);
  const announced = conditionsWith(job, { type: interim, reason, message, nowMs });
  const isOver = active.length === 0 && terminating.length === 0 && isSettled(account);
  if (!isOver)
    return [...writeStatus(situation, { account, conditions: announced }), ...stopPods(situation, message)];
  const conditions = withCondition(announced, conditionOf({ type: final, reason, message, nowMs }), nowMs);
  const regarding = job;
  const told: Action =
    verdict.type === 'fails'
      ? { type: 'event', regarding, eventType: 'Warning', reason, message, why: message }
      : {
          type: 'event',
          regarding,
          eventType: 'Normal',
          reason: 'Completed',
          message: 'Job completed',
          why: message,
        };
  return [...writeStatus(situation, { account, conditions }), told];
}

function suspend(situation: Situation, account: Account): Action[] {
  const { job, nowMs } = situation;
  const wanted = { type: 'Suspended', reason: 'JobSuspended', message: 'Job suspended', nowMs };
  const wasSuspended =
    job.status?.conditions?.some(({ type, status }) => type === 'Suspended' && status === 'True') === true;
  const status = writeStatus(situation, {
    account,
    conditions: conditionsWith(job, wanted),
    isStarted: false,
  });
  return wasSuspended ? status : [...status, tell(job, 'Suspended', 'Job suspended')];
}

function resume(situation: Situation, account: Account): Action[] {
  const { job, nowMs } = situation;
  const { conditions = [] } = job.status ?? {};
  const wasSuspended = conditions.some(({ type, status }) => type === 'Suspended' && status === 'True');
  if (!wasSuspended) return writeStatus(situation, { account, conditions });
  const resumed = conditionOf({
    type: 'Suspended',
    status: 'False',
    reason: 'JobResumed',
    message: 'Job resumed',
    nowMs,
  });
  return [
    ...writeStatus(situation, { account, conditions: withCondition(conditions, resumed, nowMs) }),
    tell(job, 'Resumed', 'Job resumed'),
  ];
}

function writeStatus(
  situation: Situation,
  {
    account,
    conditions,
    isStarted = true,
  }: { account: Account; conditions: JobCondition[]; isStarted?: boolean },
): Action[] {
  const { job, active, terminating, nowMs } = situation;
  const completed = conditions.find(({ type, status }) => type === 'Complete' && status === 'True');
  const startTime = isStarted ? (job.status?.startTime ?? timestamp(nowMs)) : undefined;
  const status: JobStatus = {
    ...accountStatus(situation, account),
    ready: active.filter(isPodReady).length,
    terminating: terminating.length,
    ...presentFields<JobStatus>({
      active: active.length,
      startTime,
      completionTime: completed?.lastTransitionTime,
      conditions: conditions.length === 0 ? undefined : conditions,
    }),
  };
  return statusChange(jobResource, job, { status, why: 'the pods of the Job have changed' });
}

/** Deletes a Job that has been over for as long as it wants to be kept. */
function expire({ job, nowMs }: Situation): Action[] {
  const { ttlSecondsAfterFinished } = job.spec;
  const finishedMs = parseTimestamp(finalCondition(job)?.lastTransitionTime);
  if (ttlSecondsAfterFinished === undefined || finishedMs === undefined) return [];
  const leftMs = finishedMs + ttlSecondsAfterFinished * 1000 - nowMs;
  const why = `the Job has been over for ${ttlSecondsAfterFinished} seconds`;
  if (leftMs > 0)
    return [{ type: 'requeue', afterMs: leftMs, why: 'the Job is to be deleted some time after its end' }];
  const { namespace, name, uid } = job.metadata;
  return [
    {
      type: 'delete',
      resource: jobResource,
      name: { namespace, name },
      uid,
      propagationPolicy: 'Foreground',
      why,
    },
  ];
}

function awaitDeadline(situation: Situation): Action[] {
  const { activeDeadlineSeconds } = situation.job.spec;
  const leftMs =
    untilDeadlineMs(situation) ??
    (activeDeadlineSeconds === undefined ? undefined : activeDeadlineSeconds * 1000);
  return leftMs === undefined ? [] : [{ type: 'requeue', afterMs: leftMs, why: 'the Job has a deadline' }];
}

interface WantedCondition {
  readonly type: string;
  readonly status?: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly nowMs: number;
}

function conditionOf({
  type,
  status = 'True',
  reason,
  message,
  nowMs,
}: WantedCondition): Omit<JobCondition, 'lastTransitionTime'> {
  return { type, status, reason, message, lastProbeTime: timestamp(nowMs) };
}

function conditionsWith(job: Job, wanted: WantedCondition): JobCondition[] {
  return withCondition(job.status?.conditions, conditionOf(wanted), wanted.nowMs);
}

function tell(job: Job, reason: string, message: string): Action {
  return { type: 'event', regarding: job, eventType: 'Normal', reason, message, why: message };
}
