import type { Probe } from '#api/core/probe.ts';
import {
  advance,
  NO_PROGRESS,
  type ProbeProgress,
  type ProbeTiming,
  timingOf,
} from '#kubelet/probes/probe-progress.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { ProbeResult } from '#system/probe.ts';

/** While something is awaited, the first wait between two attempts in milliseconds; it doubles up to the probe's period. */
const EAGER_FIRST_MS = 250;

/** One probe of one container. */
export interface ProbeLoop {
  readonly probe: Probe;
  readonly clock: Clock;
  /** How long the container has run, in milliseconds: it counts towards the initial delay. */
  readonly runningForMs: number;
  /** What stands before the first attempt. */
  readonly initially: boolean | undefined;
  /** The first success is awaited: it is looked for more often than the period says. */
  readonly eager: boolean;
  /** Undefined where nothing can be said. */
  readonly attempt: (timeoutMs: number) => Promise<ProbeResult | undefined>;
  /** After each counted attempt. */
  readonly onProgress: (progress: ProbeProgress, result: ProbeResult) => void;
  /** Whether the loop is over. */
  readonly isOver: (progress: ProbeProgress) => boolean;
}

/**
 * Tries a probe again and again until it is over or `signal` aborts. Eager attempts that fail between two periods count for
 * nothing, so that thresholds keep their meaning: a container is noticed to be ready within moments, and given up no sooner.
 */
export async function runProbeLoop(loop: ProbeLoop, signal: AbortSignal): Promise<void> {
  const { clock } = loop;
  const timing = timingOf(loop.probe);
  await pause(clock, Math.max(0, timing.initialDelayMs - loop.runningForMs), signal);
  let progress: ProbeProgress = { ...NO_PROGRESS, passes: loop.initially };
  let countedAtMs = clock.monotonic();
  let eagerMs = loop.eager && loop.initially !== true ? EAGER_FIRST_MS : timing.periodMs;
  while (!signal.aborted && !loop.isOver(progress)) {
    const result = await loop.attempt(timing.timeoutMs);
    if (signal.aborted) return;
    const isEager = eagerMs < timing.periodMs;
    const isCounted = !isEager || result?.ok === true || clock.monotonic() - countedAtMs >= timing.periodMs;
    if (isCounted) countedAtMs = clock.monotonic();
    if (result !== undefined && isCounted) {
      progress = advance(progress, result.ok, timing);
      loop.onProgress(progress, result);
    }
    if (progress.passes === true) eagerMs = timing.periodMs;
    await pause(clock, nextDelayMs({ clock, timing, countedAtMs, eagerMs }), signal);
    eagerMs = Math.min(timing.periodMs, eagerMs * 2);
  }
}

function nextDelayMs(step: {
  clock: Clock;
  timing: ProbeTiming;
  countedAtMs: number;
  eagerMs: number;
}): number {
  const untilCountedMs = step.countedAtMs + step.timing.periodMs - step.clock.monotonic();
  return Math.min(step.eagerMs, Math.max(1, untilCountedMs));
}
