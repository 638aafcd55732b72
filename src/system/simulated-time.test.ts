import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

test('timers fire in the order of their times, and of their making where those are the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean()), { maxLength: 60 }),
      async (timers) => {
        const clock = new SimulatedClock();
        const fired: [number, number][] = [];
        const handles = timers.map(([delayMs], index) =>
          clock.after(delayMs, () => fired.push([clock.monotonic(), index])),
        );
        for (const [index, [, cancelled]] of timers.entries()) if (cancelled) handles[index]?.cancel();
        await clock.advance(50);
        const expected = timers
          .flatMap(([delayMs, cancelled], index): [number, number][] => (cancelled ? [] : [[delayMs, index]]))
          .toSorted(([a, i], [b, j]) => a - b || i - j);
        assert.deepEqual(fired, expected);
      },
    ),
    { numRuns: 50 },
  );
});

test('timers that are set on the way fire too, with promises settled in between', async () => {
  const clock = new SimulatedClock();
  const told: string[] = [];
  clock.after(10, () => {
    void Promise.resolve().then(() => told.push(`promise at ${clock.monotonic()}`));
    clock.after(0, () => told.push(`at once at ${clock.monotonic()}`));
    clock.after(20, () => told.push(`later at ${clock.monotonic()}`));
  });
  clock.after(10, () => told.push('beside it'));
  await clock.advance(30);
  assert.deepEqual(told, ['promise at 10', 'beside it', 'at once at 10', 'later at 30']);
});

test('the wall clock jumps; timers and intervals do not notice', async () => {
  const clock = new SimulatedClock(1_000_000);
  let fired = false;
  clock.after(100, () => {
    fired = true;
  });
  clock.setWall(5);
  assert.deepEqual([clock.now(), clock.monotonic()], [5, 0]);
  await clock.advance(100);
  assert.deepEqual([clock.now(), clock.monotonic(), fired], [105, 100, true]);
});

test('advancing until a condition stops as soon as it holds, and complains where it never does', async () => {
  const clock = new SimulatedClock();
  let count = 0;
  const tick = (): void => {
    count += 1;
    clock.after(10, tick);
  };
  tick();
  await clock.advanceUntil(() => count === 5, 1000);
  assert.equal(clock.monotonic(), 40);
  await assert.rejects(
    clock.advanceUntil(() => false, 100),
    /did not hold within 100 ms/,
  );
  assert.throws(() => clock.after(-1, () => undefined), /a delay is at least 0/);
});

test('the same seed gives the same bytes; another seed others; every byte value comes', () => {
  const bytes = (seed: number) => [...seededRandom(seed).bytes(4096)];
  assert.deepEqual(bytes(7), bytes(7));
  assert.notDeepEqual(bytes(7), bytes(8));
  assert.equal(new Set(bytes(7)).size, 256);
  assert.deepEqual(seededRandom(7).bytes(0).length, 0);
  assert.deepEqual([...seededRandom(7).bytes(5)], bytes(7).slice(0, 5));
});
