import { type CronJob, type CronJobStatus, cronJobResource } from '#api/batch/cron-job.ts';
import { type Job, jobResource } from '#api/batch/job.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import type { Draft } from '#api/object.ts';
import { parseSchedule, type Schedule } from '#controllers/cron-job/schedule.ts';
import { finalCondition } from '#controllers/job/situation.ts';
import { controllerReference } from '#controllers/ownership.ts';
import { statusChange } from '#controllers/status-change.ts';
import { type Action, type Controller, ownerOfKind, read, type Snapshot } from '#reconcile/controller.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** A plan at the very moment that a job is due must find it due, whatever the clock's last digits. */
const DUE_MARGIN_MS = 100;

/** More missed times than this are worth a warning: the clock may be wrong. */
const MISSED_TIMES_MAX = 100;
const TOO_MANY_MISSED =
  'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';

/** Jobs kept where the CronJob does not say. */
const SUCCESSFUL_KEPT_DEFAULT = 3;
const FAILED_KEPT_DEFAULT = 1;

/**
 * Makes Jobs by a schedule (Kubernetes docs, "CronJob"). Of times that were missed, because the site was off or the CronJob
 * was suspended, only the last is made up for, and only within `startingDeadlineSeconds`.
 */
export const cronJobController: Controller<CronJob> = {
  name: 'cronjob-controller',
  for: cronJobResource,
  reads: [read(jobResource, ownerOfKind('CronJob'))],
  writes: [
    { type: cronJobResource, verbs: ['patchStatus'] },
    { type: jobResource, verbs: ['create', 'delete'] },
  ],
  plan(snapshot, nowMs) {
    const { object: cronJob } = snapshot;
    if (cronJob === undefined) return [];
    const jobs = snapshot.list(jobResource, { ownedBy: cronJob.metadata.uid });
    const situation: Situation = { snapshot, cronJob, jobs: jobs.toSorted(byAge), nowMs };
    const clean = deleteOldJobs(situation);
    if (cronJob.metadata.deletionTimestamp !== undefined || cronJob.spec.suspend === true) {
      return [...clean, ...writeStatus(situation)];
    }
    return [...clean, ...planSchedule(situation)];
  },
};

interface Situation {
  readonly snapshot: Snapshot<CronJob>;
  readonly cronJob: CronJob;
  /** Its jobs, oldest first. */
  readonly jobs: readonly Job[];
  readonly nowMs: number;
}

function planSchedule(situation: Situation): Action[] {
  const { cronJob, nowMs } = situation;
  const schedule = readSchedule(cronJob);
  if (schedule instanceof Error) {
    const message = `unparseable schedule: ${cronJob.spec.schedule}: ${schedule.message}`;
    return [...writeStatus(situation), warn(cronJob, { reason: 'UnparseableSchedule', message })];
  }
  const { lastScheduleTime } = cronJob.status ?? {};
  const sinceMs = parseTimestamp(lastScheduleTime ?? cronJob.metadata.creationTimestamp) ?? nowMs;
  const dueMs = schedule.last(sinceMs, nowMs);
  const nextMs = schedule.next(dueMs ?? sinceMs);
  return [
    ...(dueMs === undefined
      ? writeStatus(situation)
      : startDueJob(situation, { dueMs, missed: countTimes(schedule, { sinceMs, nowMs }) })),
    ...(nextMs === undefined ? [] : [requeueAt(nextMs - nowMs)]),
  ];
}

function startDueJob(situation: Situation, { dueMs, missed }: { dueMs: number; missed: number }): Action[] {
  const { snapshot, cronJob, jobs, nowMs } = situation;
  const { startingDeadlineSeconds, concurrencyPolicy = 'Allow' } = cronJob.spec;
  const { namespace } = cronJob.metadata;
  const name = jobName(cronJob, dueMs);
  if (snapshot.get(jobResource, { namespace, name }) !== undefined)
    return writeStatus(situation, { lastMs: dueMs });
  if (startingDeadlineSeconds !== undefined && dueMs + startingDeadlineSeconds * 1000 < nowMs) {
    const message = `Missed scheduled time to start a job: ${timestamp(dueMs)}`;
    return [...writeStatus(situation), warn(cronJob, { reason: 'MissSchedule', message })];
  }
  const active = jobs.filter((job) => finalCondition(job) === undefined);
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return [...writeStatus(situation), tell(cronJob, { reason: 'JobAlreadyActive', message })];
  }
  const isReplacing = concurrencyPolicy === 'Replace';
  return [
    ...(missed > MISSED_TIMES_MAX
      ? [warn(cronJob, { reason: 'TooManyMissedTimes', message: TOO_MANY_MISSED })]
      : []),
    ...(isReplacing
      ? active.flatMap((job) => deleteJob(cronJob, { job, why: 'the next run replaces it' }))
      : []),
    ...createJob(cronJob, { name, dueMs }),
    ...writeStatus(situation, { lastMs: dueMs }),
  ];
}

function createJob(cronJob: CronJob, { name, dueMs }: { name: string; dueMs: number }): Action[] {
  const { metadata = {}, spec } = cronJob.spec.jobTemplate;
  const { namespace = '' } = cronJob.metadata;
  const object: Draft<Job> = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      namespace,
      name,
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: { ...metadata.annotations, [SCHEDULED_AT]: timestamp(dueMs) },
      ownerReferences: [controllerReference(cronJobResource, cronJob)],
    },
    spec,
  };
  const why = `a job is due at ${timestamp(dueMs)}`;
  const refused = (reason: string): Action[] => [
    warn(cronJob, { reason: 'FailedCreate', message: `Error creating job: ${reason}` }),
  ];
  return [
    { type: 'create', resource: jobResource, object, why, refused },
    tell(cronJob, { reason: 'SuccessfulCreate', message: `Created job ${name}` }),
  ];
}

/** Jobs that are over, beyond the history that is to be kept of each kind of end: the oldest first. */
function deleteOldJobs({ cronJob, jobs }: Situation): Action[] {
  const {
    successfulJobsHistoryLimit = SUCCESSFUL_KEPT_DEFAULT,
    failedJobsHistoryLimit = FAILED_KEPT_DEFAULT,
  } = cronJob.spec;
  const ended = (type: string): Job[] =>
    jobs.filter((job) => finalCondition(job)?.type === type && job.metadata.deletionTimestamp === undefined);
  const excess = [
    ...withoutLast(ended('Complete'), successfulJobsHistoryLimit),
    ...withoutLast(ended('Failed'), failedJobsHistoryLimit),
  ];
  return excess.flatMap((job) => deleteJob(cronJob, { job, why: 'the history keeps later ones' }));
}

function deleteJob(cronJob: CronJob, { job, why }: { job: Job; why: string }): Action[] {
  const { namespace, name, uid } = job.metadata;
  return [
    { type: 'delete', resource: jobResource, name: { namespace, name }, uid, why },
    tell(cronJob, { reason: 'SuccessfulDelete', message: `Deleted job ${name}` }),
  ];
}

function writeStatus({ cronJob, jobs }: Situation, { lastMs }: { lastMs?: number } = {}): Action[] {
  const { lastScheduleTime, lastSuccessfulTime, active: listed = [] } = cronJob.status ?? {};
  const active = jobs.filter((job) => finalCondition(job) === undefined).map(referenceTo);
  const successes = [lastSuccessfulTime, ...jobs.map(({ status }) => status?.completionTime)].flatMap(
    (time) => time ?? [],
  );
  const last = lastMs === undefined ? lastScheduleTime : timestamp(lastMs);
  const success = successes.toSorted().at(-1);
  const status: CronJobStatus = {
    ...(active.length === 0 ? {} : { active }),
    ...(last === undefined ? {} : { lastScheduleTime: last }),
    ...(success === undefined ? {} : { lastSuccessfulTime: success }),
  };
  const seen = jobs.filter(
    (job) => finalCondition(job) !== undefined && listed.some(({ uid }) => uid === job.metadata.uid),
  );
  return [
    ...statusChange(cronJobResource, cronJob, { status, why: 'the jobs of the CronJob have changed' }),
    ...seen.map((job) => {
      const message = `Saw completed job: ${job.metadata.name}, condition: ${finalCondition(job)?.type ?? ''}`;
      return tell(cronJob, { reason: 'SawCompletedJob', message });
    }),
  ];
}

/** The name is made of the time, in minutes since 1970, so that no time starts two jobs. */
function jobName({ metadata: { name } }: CronJob, dueMs: number): string {
  return `${name}-${Math.floor(dueMs / 60_000)}`;
}

function readSchedule({ spec: { schedule, timeZone } }: CronJob): Schedule | Error {
  try {
    return parseSchedule(schedule, timeZone);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** How many times came by, as far as it matters. */
function countTimes(schedule: Schedule, { sinceMs, nowMs }: { sinceMs: number; nowMs: number }): number {
  let count = 0;
  for (
    let at = schedule.next(sinceMs);
    at !== undefined && at <= nowMs && count <= MISSED_TIMES_MAX;
    at = schedule.next(at)
  )
    count += 1;
  return count;
}

function requeueAt(afterMs: number): Action {
  return { type: 'requeue', afterMs: Math.max(0, afterMs) + DUE_MARGIN_MS, why: 'the next job is due then' };
}

/** Without the resource version, which changes with every breath of the job. */
function referenceTo({ metadata: { namespace = '', name, uid } }: Job): ObjectReference {
  return { apiVersion: 'batch/v1', kind: 'Job', namespace, name, uid };
}

function tell(regarding: CronJob, { reason, message }: { reason: string; message: string }): Action {
  return { type: 'event', regarding, eventType: 'Normal', reason, message, why: message };
}

function warn(regarding: CronJob, { reason, message }: { reason: string; message: string }): Action {
  return { type: 'event', regarding, eventType: 'Warning', reason, message, why: message };
}

function withoutLast(jobs: readonly Job[], kept: number): Job[] {
  return jobs.slice(0, Math.max(0, jobs.length - kept));
}

function byAge(a: Job, b: Job): number {
  const [x, y] = [
    a.status?.startTime ?? a.metadata.creationTimestamp,
    b.status?.startTime ?? b.metadata.creationTimestamp,
  ];
  if (x !== y) return x < y ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
