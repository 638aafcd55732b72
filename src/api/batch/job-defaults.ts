import type { Job } from '#api/batch/job.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';

const BACKOFF_LIMIT = 6;
/** The limit of a job that counts failures per index: none. */
const UNLIMITED = 2 ** 31 - 1;

/** Labels by which a job knows its pods. */
export const CONTROLLER_UID_LABEL = 'batch.kubernetes.io/controller-uid';
/** The label by which people find a job's pods. */
export const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';
/** What the two were called before labels of Kubernetes had a domain; pods have both. */
export const LEGACY_LABELS = { controllerUid: 'controller-uid', jobName: 'job-name' } as const;

/** Defaults of a job, in place. Source: Kubernetes' Job API reference. */
export function defaultJob({ spec }: Job): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : UNLIMITED;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ??= 'True';
  }
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  spec.manualSelector ??= false;
  defaultPodTemplate(spec.template);
}

/** What the server writes into a job, in place: the selector of a new one, and labels where it has none of its own. */
export function prepareJob(job: Job, old: Job | undefined): void {
  const { metadata, spec } = job;
  if (old === undefined && spec.manualSelector !== true) selectOwnPods(job);
  const labels = spec.template.metadata?.labels;
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0)
    metadata.labels = { ...labels };
}

/**
 * The selector that only the job's own pods match, and the labels of its template for it; labels that the template has already
 * stay, and validation says where they are wrong. Source: Kubernetes' `generateSelector`.
 */
function selectOwnPods({ metadata, spec }: Job): void {
  spec.template.metadata ??= {};
  spec.template.metadata.labels ??= {};
  const { labels } = spec.template.metadata;
  labels[LEGACY_LABELS.jobName] ??= metadata.name;
  labels[JOB_NAME_LABEL] ??= metadata.name;
  labels[LEGACY_LABELS.controllerUid] ??= metadata.uid;
  labels[CONTROLLER_UID_LABEL] ??= metadata.uid;
  spec.selector ??= {};
  spec.selector.matchLabels ??= {};
  spec.selector.matchLabels[CONTROLLER_UID_LABEL] ??= metadata.uid;
}
