import { type Random, randomInteger } from '#system/random.ts';

/** Delays that double from `firstMs` to `maxMs`, each drawn from the upper half of its step, so that a herd spreads out. */
export interface Backoff {
  /** The next delay in milliseconds. */
  next(): number;
  /** Starts again at `firstMs`: after a success. */
  reset(): void;
}

/** A capped, jittered exponential backoff (AWS Builders' Library, "Timeouts, retries, and backoff with jitter"). */
export function createBackoff(random: Random, options: { firstMs: number; maxMs: number }): Backoff {
  let attempt = 0;
  return {
    next() {
      const step = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
      attempt += 1;
      return Math.ceil(step / 2 + randomInteger(random, Math.max(1, Math.ceil(step / 2))));
    },
    reset() {
      attempt = 0;
    },
  };
}
