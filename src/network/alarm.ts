import type { Clock } from '#system/clock.ts';

/** One timer that many may pull forward, and one reader. */
export interface Alarm {
  /** Rings in `delayMs`, or earlier where that was asked for. */
  within(delayMs: number): void;
  /** Resolves when it has rung since the last call, or the signal aborted. */
  rung(): Promise<void>;
  /** Resolves when the signal aborts. */
  readonly aborted: Promise<void>;
}

/** An alarm that is never set once `signal` aborts. */
export function createAlarm(clock: Clock, signal: AbortSignal): Alarm {
  let pending: { atMs: number; cancel(): void } | undefined;
  let hasRung = false;
  let wake: () => void = () => undefined;
  const ring = (): void => {
    pending?.cancel();
    pending = undefined;
    hasRung = true;
    wake();
  };
  const aborted = new Promise<void>((resolve) => {
    const end = (): void => {
      ring();
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  return {
    aborted,
    within(delayMs) {
      const atMs = clock.monotonic() + delayMs;
      if (signal.aborted || (pending !== undefined && pending.atMs <= atMs)) return;
      pending?.cancel();
      const timer = clock.after(delayMs, ring);
      pending = { atMs, cancel: () => timer.cancel() };
    },
    async rung() {
      if (!hasRung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      hasRung = false;
    },
  };
}
