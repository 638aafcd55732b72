import { humanDuration } from '#api/age.ts';
import { defaultJob, prepareJob } from '#api/batch/job-defaults.ts';
import { validateJobStatus } from '#api/batch/job-status-validation.ts';
import { validateJob } from '#api/batch/job-validation.ts';
import { jobSpecWarnings } from '#api/batch/job-warnings.ts';
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import { workloadColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { parseTimestamp } from '#system/clock.ts';

/** `batch/v1.Job`. */
export interface Job extends KubeObject {
  apiVersion: 'batch/v1';
  kind: 'Job';
  spec: JobSpec;
  status?: JobStatus;
}

/** `batch/v1.JobSpec`. */
export interface JobSpec {
  activeDeadlineSeconds?: number;
  backoffLimit?: number;
  backoffLimitPerIndex?: number;
  completionMode?: 'NonIndexed' | 'Indexed';
  completions?: number;
  managedBy?: string;
  manualSelector?: boolean;
  maxFailedIndexes?: number;
  parallelism?: number;
  podFailurePolicy?: PodFailurePolicy;
  podReplacementPolicy?: 'TerminatingOrFailed' | 'Failed';
  selector?: LabelSelector;
  successPolicy?: SuccessPolicy;
  suspend?: boolean;
  template: PodTemplateSpec;
  ttlSecondsAfterFinished?: number;
}

/** `batch/v1.JobStatus`. */
export interface JobStatus {
  active?: number;
  completedIndexes?: string;
  completionTime?: string;
  conditions?: JobCondition[];
  failed?: number;
  failedIndexes?: string;
  ready?: number;
  startTime?: string;
  succeeded?: number;
  terminating?: number;
  uncountedTerminatedPods?: UncountedTerminatedPods;
}

/** `batch/v1.JobCondition`. */
export interface JobCondition {
  lastProbeTime?: string;
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `batch/v1.UncountedTerminatedPods`. */
export interface UncountedTerminatedPods {
  failed?: string[];
  succeeded?: string[];
}

/** `batch/v1.PodFailurePolicy`. */
export interface PodFailurePolicy {
  rules: PodFailurePolicyRule[];
}

/** `batch/v1.PodFailurePolicyRule`. */
export interface PodFailurePolicyRule {
  action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';
  onExitCodes?: PodFailurePolicyOnExitCodesRequirement;
  onPodConditions?: PodFailurePolicyOnPodConditionsPattern[];
}

/** `batch/v1.PodFailurePolicyOnExitCodesRequirement`. */
export interface PodFailurePolicyOnExitCodesRequirement {
  containerName?: string;
  operator: 'In' | 'NotIn';
  values: number[];
}

/** `batch/v1.PodFailurePolicyOnPodConditionsPattern`. */
export interface PodFailurePolicyOnPodConditionsPattern {
  status?: string;
  type: string;
}

/** `batch/v1.SuccessPolicy`. */
export interface SuccessPolicy {
  rules: SuccessPolicyRule[];
}

/** `batch/v1.SuccessPolicyRule`. */
export interface SuccessPolicyRule {
  succeededCount?: number;
  succeededIndexes?: string;
}

const podWarnings = templateWarnings<Job>(({ spec }) => spec.template, { namesPods: true });

/** `jobs.batch`. */
export const jobResource: ResourceType<Job> = defineResource<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  subresources: ['status'],
  schema: 'batch/v1.Job',
  fillsZeros: true,
  applyDefaults: defaultJob,
  prepare: prepareJob,
  validate: validateJob,
  validateStatus: validateJobStatus,
  warnings: (job, old) => [...podWarnings(job, old), ...jobSpecWarnings('spec', job.spec)],
  columns: [
    NAME_COLUMN,
    textColumn('Status', 'What the conditions say in a word.', jobStatus),
    textColumn('Completions', 'Pods that succeeded, of those wanted.', completions),
    textColumn('Duration', 'From start to completion, or to now.', duration),
    AGE_COLUMN,
    ...workloadColumns<Job>({ template: ({ spec }) => spec.template, selector: ({ spec }) => spec.selector }),
  ],
  selectableFields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
});

function jobStatus(job: Job): string {
  if (hasCondition(job, 'Complete')) return 'Complete';
  if (hasCondition(job, 'Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  return (
    ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find((type) => hasCondition(job, type)) ?? 'Running'
  );
}

function hasCondition({ status }: Job, wanted: string): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === wanted && condition.status === 'True') ?? false
  );
}

function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function duration({ status }: Job, nowMs: number): string {
  const start = parseTimestamp(status?.startTime);
  return start === undefined ? '' : humanDuration((parseTimestamp(status?.completionTime) ?? nowMs) - start);
}
