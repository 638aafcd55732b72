import type { Probe } from '#api/core/probe.ts';

/** What a series of attempts has come to. */
export interface ProbeProgress {
  /** In a row, up to the last attempt. */
  readonly successes: number;
  readonly failures: number;
  /** The verdict in force; undefined until one of the thresholds is reached. */
  readonly passes: boolean | undefined;
}

/** Before the first attempt. */
export const NO_PROGRESS: ProbeProgress = { successes: 0, failures: 0, passes: undefined };

/** The timing of a probe with Kubernetes' defaults filled in. */
export interface ProbeTiming {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** A probe’s timing; Kubernetes’ defaults for what it leaves out. */
export function timingOf(probe: Probe): ProbeTiming {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: Math.max(1, probe.periodSeconds ?? 10) * 1000,
    timeoutMs: Math.max(1, probe.timeoutSeconds ?? 1) * 1000,
    successThreshold: Math.max(1, probe.successThreshold ?? 1),
    failureThreshold: Math.max(1, probe.failureThreshold ?? 3),
  };
}

/** Counts one more attempt: the verdict turns when a threshold is reached. */
export function advance(progress: ProbeProgress, ok: boolean, timing: ProbeTiming): ProbeProgress {
  const successes = ok ? progress.successes + 1 : 0;
  const failures = ok ? 0 : progress.failures + 1;
  const turned = ok ? successes >= timing.successThreshold : failures >= timing.failureThreshold;
  return { successes, failures, passes: turned ? ok : progress.passes };
}
