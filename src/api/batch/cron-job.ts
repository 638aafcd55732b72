import { age } from '#api/age.ts';
import type { JobSpec } from '#api/batch/job.ts';
import { validateJobSpec } from '#api/batch/job-validation.ts';
import { jobSpecWarnings } from '#api/batch/job-warnings.ts';
import { scheduleErrors } from '#api/batch/schedule-syntax.ts';
import { timeZoneErrors } from '#api/batch/time-zone-syntax.ts';
import { AGE_COLUMN, NAME_COLUMN, NONE, numberColumn, textColumn } from '#api/columns.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import { workloadColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkNonNegative, checkOneOf } from '#api/field-checks.ts';
import { invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
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

const podWarnings = templateWarnings<CronJob>(({ spec }) => spec.jobTemplate.spec.template, {
  path: 'spec.jobTemplate.spec.template',
  namesPods: true,
});

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
  warnings: cronJobWarnings,
  columns: [
    NAME_COLUMN,
    textColumn('Schedule', 'When jobs are made: five cron fields.', ({ spec }) => spec.schedule),
    textColumn('Timezone', 'Time zone of the schedule.', ({ spec }) => spec.timeZone ?? NONE),
    {
      ...textColumn('Suspend', 'Whether no jobs are made for now.', ({ spec }: CronJob) =>
        spec.suspend === true ? 'True' : 'False',
      ),
      type: 'boolean',
    },
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
  defaultPodTemplate(spec.jobTemplate?.spec?.template);
}

function validateCronJob({ metadata, spec }: CronJob, old: CronJob | undefined): FieldError[] {
  const { name } = metadata;
  const { selector, manualSelector } = spec.jobTemplate.spec;
  const field = 'spec.jobTemplate.spec';
  return [
    ...validateSchedule('spec.schedule', spec, old?.spec),
    ...checkNonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...(spec.timeZone === old?.spec.timeZone
      ? []
      : checkName('spec.timeZone', spec.timeZone, timeZoneErrors)),
    ...checkOneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
    ...validateJobSpec(field, spec.jobTemplate.spec),
    ...(selector === undefined
      ? []
      : [invalidValue(`${field}.selector`, selector, '`selector` will be auto-generated')]),
    ...(manualSelector === true ? [unsupportedValue(`${field}.manualSelector`, true, ['nil', 'false'])] : []),
    ...checkNonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...checkNonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
    ...(old === undefined && name.length > NAME_CHARS_MAX
      ? [invalidValue('metadata.name', name, `must be no more than ${NAME_CHARS_MAX} characters`)]
      : []),
  ];
}

/** A schedule names no time zone; one that did when it was first stored may keep it, alone. */
function validateSchedule(
  field: string,
  { schedule, timeZone }: CronJobSpec,
  old: CronJobSpec | undefined,
): FieldError[] {
  if (schedule === '') return [requiredValue(field)];
  const errors = checkName(field, schedule, scheduleErrors);
  if (!schedule.includes('TZ')) return errors;
  if (old?.schedule.includes('TZ') !== true)
    errors.push(
      invalidValue(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
    );
  else if (timeZone !== undefined)
    errors.push(
      invalidValue(field, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'),
    );
  return errors;
}

const TIME_ZONE_IN_SCHEDULE =
  'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';

function cronJobWarnings(cronJob: CronJob, old: CronJob | undefined): string[] {
  const { spec } = cronJob;
  return [
    ...podWarnings(cronJob, old),
    ...jobSpecWarnings('spec.jobTemplate.spec', spec.jobTemplate.spec),
    ...(old !== undefined && spec.schedule.includes('TZ') ? [TIME_ZONE_IN_SCHEDULE] : []),
  ];
}
