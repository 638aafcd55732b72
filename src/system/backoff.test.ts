import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBackoff } from '#system/backoff.ts';
import { seededRandom } from '#system/simulated-time.ts';

test('delays double, each drawn from the upper half of its step, up to the longest; a success starts again', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 100_000 }),
      (seed, firstMs, spanMs) => {
        const maxMs = firstMs + spanMs;
        const backoff = createBackoff(seededRandom(seed), { firstMs, maxMs });
        for (const attempt of [...Array(40).keys(), 0]) {
          if (attempt === 0) backoff.reset();
          const step = Math.min(maxMs, firstMs * 2 ** attempt);
          const delay = backoff.next();
          assert.ok(
            Number.isInteger(delay) && delay >= step / 2 && delay <= step + 1,
            `${delay} at step ${step}`,
          );
        }
      },
    ),
  );
});

test('a herd spreads out', () => {
  const random = seededRandom(1);
  const delays = Array.from({ length: 1000 }, () =>
    createBackoff(random, { firstMs: 1000, maxMs: 1000 }).next(),
  );
  const early = delays.filter((delay) => delay < 750).length;
  assert.ok(early > 400 && early < 600, `${early} of 1000 in the earlier half`);
});
