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
    return [...writeStatus(situation), tell(cronJob, { eventType: 'Warning', reason: 'UnparseableSchedule', message })];
  }
  const dueMs = schedule.last(countFromMs(situation), nowMs);
  const started = dueMs === undefined ? writeStatus(situation) : startJob(situation, dueMs);
  const nextMs = schedule.next(Math.max(nowMs, dueMs ?? 0));
  const wait: Action[] =
    nextMs === undefined ? [] : [{ type: 'requeue', afterMs: Math.max(0, nowOrLater(situation, { schedule, nextMs }) - nowMs) + DUE_MARGIN_MS, why: 'the next job is due then' }];
  return [...started, ...wait];
}
