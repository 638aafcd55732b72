import assert from 'node:assert/strict';
import { setTimeout as pauseMs } from 'node:timers/promises';

/** How often a look is taken again, in milliseconds. */
const POLL_MS = 150;

/** Looks until `look` gives something that `holds`, and returns it; fails with what was seen last after `withinMs`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadlineMs) {
      assert.fail(`not within ${withinMs / 1000} s: ${what}; seen last: ${described(seen)}`);
    }
    await pauseMs(POLL_MS);
  }
}

function described(seen: unknown): string {
  return (typeof seen === 'string' ? seen : JSON.stringify(seen, undefined, 1)).slice(0, 4000);
}

/** Looks all the time for `forMs`: `holds` must be true each time. */
export async function throughout<T>(
  what: string,
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  forMs: number,
): Promise<void> {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    const seen = await look();
    assert.ok(holds(seen), `${what}: ${described(seen)}`);
    await pauseMs(POLL_MS);
  }
}
