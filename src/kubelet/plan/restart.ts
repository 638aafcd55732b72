import type { Container } from '#cri/runtime.ts';
import { crashStreakOf } from '#kubelet/annotations.ts';

/** The wait after the second exit in a row; it doubles with each further one. Kubernetes docs, "Container restart policy". */
export const CRASH_BACKOFF_FIRST_MS = 10_000;
/** The longest of these waits. */
export const CRASH_BACKOFF_MAX_MS = 300_000;

/** A container that ran so long ends its streak. */
export const STABLE_RUN_MS = 600_000;

/** `spec.restartPolicy` of a pod. */
export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** Whether a container that ended with `exitCode` is to run again. */
export function isRestarted(policy: RestartPolicy, exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** Restarts in a row that the exit of this container continues: 0 where it had become stable. */
export function streakAfterExit(container: Container): number {
  const { state } = container;
  if (state.type !== 'exited') return 0;
  const ranMs = state.finishedMs - state.startedMs;
  return ranMs >= STABLE_RUN_MS ? 0 : crashStreakOf(container);
}

/** The wait before the restart that follows `streak` restarts in a row: none, 10 s, 20 s, … 5 min. */
export function crashDelayMs(streak: number): number {
  if (streak === 0) return 0;
  return Math.min(CRASH_BACKOFF_MAX_MS, CRASH_BACKOFF_FIRST_MS * 2 ** Math.min(streak - 1, 20));
}

/**
 * What is left of that wait. An exit is stamped by a wall clock that may have been set since: the wait is over as soon as
 * either the stamps or the time since the exit was first seen say so.
 */
export function crashWaitMs(
  exit: { finishedMs: number; seenMs: number; streak: number },
  now: { wallMs: number; monotonicMs: number },
): number {
  const delayMs = crashDelayMs(exit.streak);
  const elapsedMs = Math.max(now.wallMs - exit.finishedMs, now.monotonicMs - exit.seenMs);
  return Math.max(0, delayMs - elapsedMs);
}

/** A delay as Go prints a duration of whole seconds: `10s`, `2m40s`, `5m0s`. */
export function formatDelay(delayMs: number): string {
  const seconds = Math.round(delayMs / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
