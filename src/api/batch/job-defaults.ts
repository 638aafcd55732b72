import type { Job, JobSpec } from '#api/batch/job.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';

const BACKOFF_LIMIT = 6;
/** The limit of a job that counts failures per index: none. */
const UNLIMITED = 2 ** 31 - 1;

/** Labels by which a job knows its pods. */
export const CONTROLLER_UID_LABEL = 'batch.kubernetes.io/controller-uid';
/** The label by which people find a job's pods. */
export const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';

/** Defaults of a job, in place; with a uid, also the selector that only its own pods match. */
export function defaultJob(job: Job): void {
  defaultJobSpec(job.spec);
  if (job.spec.manualSelector !== true) selectOwnPods(job);
}

/** Defaults of the spec of a job, or of a template for jobs. Source: Kubernetes' Job API reference. */
export function defaultJobSpec(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : UNLIMITED;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ??= 'True';
  }
  defaultPodTemplate(spec.template);
}

function selectOwnPods({ metadata, spec }: Job): void {
  if (metadata.uid === undefined || spec.selector !== undefined || spec.template === undefined) return;
  const own = { [CONTROLLER_UID_LABEL]: metadata.uid, [JOB_NAME_LABEL]: metadata.name };
  const old = { 'controller-uid': metadata.uid, 'job-name': metadata.name };
  spec.template.metadata ??= {};
  spec.template.metadata.labels = { ...spec.template.metadata.labels, ...own, ...old };
  spec.selector = { matchLabels: { [CONTROLLER_UID_LABEL]: metadata.uid } };
}
