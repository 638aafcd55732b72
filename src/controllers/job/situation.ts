import type { Job, JobCondition } from '#api/batch/job.ts';
import type { Pod } from '#api/core/pod.ts';
import { isPodActive } from '#controllers/pod-state.ts';
import { parseTimestamp } from '#system/clock.ts';

/** A pod of a Job keeps this finalizer until the Job has counted how it ended. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
export const INDEX_ANNOTATION = 'batch.kubernetes.io/job-completion-index';

/** A Job with its pods, as of now. */
export interface Situation {
  readonly job: Job;
  /** All that say how the Job does. A pod that it deleted itself, which has lost its finalizer before, says nothing. */
  readonly pods: readonly Pod[];
  /** Neither ended nor being deleted. */
  readonly active: readonly Pod[];
  /** Being deleted, and not ended yet. */
  readonly terminating: readonly Pod[];
  readonly nowMs: number;
}

export function situationOf(job: Job, { pods, nowMs }: { pods: readonly Pod[]; nowMs: number }): Situation {
  const active = pods.filter(isPodActive);
  const terminating = pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod));
  const telling = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined || isTracked(pod));
  return { job, pods: telling, active, terminating, nowMs };
}

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed';
}

/** The completion index of a pod; undefined where it has none that the Job knows. */
export function indexOf({ spec }: Job, { metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[INDEX_ANNOTATION] ?? '';
  return /^\d{1,9}$/.test(text) && Number(text) < (spec.completions ?? 0) ? Number(text) : undefined;
}

export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether a pod counts as failed: one that is being deleted does too, unless its Job waits to see how it ends. */
export function hasFailed({ spec }: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  const waitsForEnd = spec.podReplacementPolicy === 'Failed';
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded' && !waitsForEnd;
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKING_FINALIZER) === true;
}

/** A condition of a Job that holds. */
export function trueCondition({ status }: Job, type: string): JobCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

/** The condition by which a Job is over. */
export function finalCondition(job: Job): JobCondition | undefined {
  return trueCondition(job, 'Complete') ?? trueCondition(job, 'Failed');
}

/** When a pod ended, in milliseconds, as well as its status tells. */
export function endedAtMs({ metadata, status }: Pod): number {
  const containers = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const ends = containers.flatMap(({ state }) => parseTimestamp(state?.terminated?.finishedAt) ?? []);
  const fallback =
    parseTimestamp(metadata.deletionTimestamp) ?? parseTimestamp(metadata.creationTimestamp) ?? 0;
  return ends.length === 0 ? fallback : Math.max(...ends);
}
