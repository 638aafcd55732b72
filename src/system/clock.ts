/**
 * Time as an argument. Everything above `system/` reads time and waits only through a {@link Clock}, so that a
 * simulation owns every instant of a run.
 */
export interface Clock {
  /** Wall clock in milliseconds since 1970-01-01 UTC. May jump either way: for stamps people read, never for intervals. */
  now(): number;
  /** Milliseconds since an arbitrary origin; never goes back. For every interval, deadline and timeout. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs` (at least 0). The callback must not throw. */
  after(delayMs: number, callback: () => void): Timer;
}

/** A pending call of {@link Clock.after}. Cancelling a timer that fired or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

/** Resolves after `delayMs`; rejects with the signal's reason as soon as `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** As {@link sleep}, but an abort ends the wait quietly: for loops of the form `while (!signal.aborted)`. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return createNap(clock).rest(delayMs, signal);
}

/** A {@link pause} that can be ended early, again and again, by whoever holds it. */
export interface Nap {
  /** Resolves after `delayMs`, at the next {@link Nap.wake}, or when `signal` aborts. One rest at a time. */
  rest(delayMs: number, signal: AbortSignal): Promise<void>;
  /** Ends the rest under way; does nothing where there is none. */
  wake(): void;
}

/** A nap by `clock`. */
export function createNap(clock: Clock): Nap {
  let wake: () => void = () => undefined;
  return {
    async rest(delayMs, signal) {
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          timer.cancel();
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = clock.after(delayMs, done);
        signal.addEventListener('abort', done, { once: true });
        wake = done;
      });
    },
    wake: () => wake(),
  };
}

/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `metav1.Time`: `2026-11-21T10:00:00Z`. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 in UTC with microseconds, as Kubernetes writes `metav1.MicroTime` (leases, events). */
export function microTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}

/** Milliseconds since 1970 of an RFC 3339 time; undefined where the text is absent or not a time. */
export function parseTimestamp(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
