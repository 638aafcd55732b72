import { age } from '#api/age.ts';
import type { JobSpec } from '#api/batch/job.ts';
import { defaultJobSpec } from '#api/batch/job-defaults.ts';
import { validateJobSpec } from '#api/batch/job-validation.ts';
import { scheduleErrors } from '#api/batch/schedule-syntax.ts';
import { AGE_COLUMN, NAME_COLUMN, NONE, numberColumn, textColumn } from '#api/columns.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import { workloadColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkNonNegative, checkOneOf } from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import type { KubeObject, ObjectMeta } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `batch/v1.CronJob`. */
export interface CronJob extends KubeObject {
  apiVersion: 'batch/v1';
  kind: 'CronJob';
  spec: CronJobSpec;
  status?: CronJobStatus;
}

/** `batch/v1.CronJobSpec`. */
export interface CronJobSpec {
  concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace';
  failedJobsHistoryLimit?: number;
  jobTemplate: JobTemplateSpec;
  schedule: string;
  startingDeadlineSeconds?: number;
  successfulJobsHistoryLimit?: number;
  suspend?: boolean;
  timeZone?: string;
}

/** `batch/v1.CronJobStatus`. */
export interface CronJobStatus {
  active?: ObjectReference[];
  lastScheduleTime?: string;
  lastSuccessfulTime?: string;
}

/** `batch/v1.JobTemplateSpec`. */
export interface JobTemplateSpec {
  metadata?: Partial<ObjectMeta>;
  spec: JobSpec;
}

/** `cronjobs.batch`. */
export const cronJobResource: ResourceType<CronJob> = defineResource<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  subresources: ['status'],
  schema: 'batch/v1.CronJob',
  fillsZeros: true,
  applyDefaults: defaultCronJob,
  validate: validateCronJob,
  warnings: templateWarnings(({ spec }) => spec.jobTemplate.spec.template, {
    path: 'spec.jobTemplate.spec.template',
    namesPods: true,
  }),
  columns: [
    NAME_COLUMN,
    textColumn('Schedule', 'When jobs are made: five cron fields.', ({ spec }) => spec.schedule),
    textColumn('Timezone', 'Time zone of the schedule.', ({ spec }) => spec.timeZone ?? NONE),
    textColumn('Suspend', 'Whether no jobs are made for now.', ({ spec }) =>
      spec.suspend === true ? 'True' : 'False',
    ),
    numberColumn('Active', 'Jobs that run.', ({ status }) => status?.active?.length ?? 0),
    textColumn('Last Schedule', 'Time since a job was made last.', ({ status }, nowMs) =>
      status?.lastScheduleTime === undefined ? NONE : age(status.lastScheduleTime, nowMs),
    ),
    AGE_COLUMN,
    ...workloadColumns<CronJob>({
      template: ({ spec }) => spec.jobTemplate?.spec?.template,
      selector: ({ spec }) => spec.jobTemplate?.spec?.selector,
    }),
  ],
});

const SUCCESSFUL_JOBS_HISTORY_LIMIT = 3;
const FAILED_JOBS_HISTORY_LIMIT = 1;
/** The longest name, in characters: jobs get it with a suffix of 11. */
const NAME_CHARS_MAX = 52;

function defaultCronJob({ spec }: CronJob): void {
  spec.concurrencyPolicy ??= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= SUCCESSFUL_JOBS_HISTORY_LIMIT;
  spec.failedJobsHistoryLimit ??= FAILED_JOBS_HISTORY_LIMIT;
  const job = spec.jobTemplate?.spec;
  if (job !== undefined) defaultJobSpec(job);
}

function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const { name } = metadata;
  return [
    ...(name.length > NAME_CHARS_MAX
      ? [invalidValue('metadata.name', name, `must be no more than ${NAME_CHARS_MAX} characters`)]
      : []),
    ...checkName('spec.schedule', spec.schedule, scheduleErrors),
    ...(spec.timeZone === ''
      ? [invalidValue('spec.timeZone', '', 'timeZone must be nil or non-empty string')]
      : []),
    ...checkNonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...checkOneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
    ...checkNonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...checkNonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
    ...validateJobSpec('spec.jobTemplate.spec', spec.jobTemplate.spec),
  ];
}
