import type { JobSpec } from '#api/batch/job.ts';

/** Above both, an indexed job may have more failed indexes than its status can tell. */
const COMPLETIONS_TRACKED = 100_000;
const PARALLELISM_TRACKED = 10_000;

/** What is said of the spec of a job that is valid, and yet asks for trouble. */
export function jobSpecWarnings(
  field: string,
  { completionMode, completions = 0, parallelism = 0 }: JobSpec,
): string[] {
  const isUntracked = completions > COMPLETIONS_TRACKED && parallelism > PARALLELISM_TRACKED;
  return completionMode === 'Indexed' && isUntracked
    ? [
        `${field}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
      ]
    : [];
}
