import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlots } from '#kubelet/operations/slots.ts';
import { sleep } from '#system/clock.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

test('only so much work at a time, in order, and a failure frees its place', async () => {
  const clock = new SimulatedClock();
  const slots = createSlots(2);
  const log: string[] = [];
  let busy = 0;
  const work = (name: string) =>
    slots(async () => {
      busy += 1;
      log.push(`${name}:${busy}`);
      await sleep(clock, 10);
      busy -= 1;
      if (name === 'b') throw new Error('b fails');
    });
  const all = Promise.allSettled(['a', 'b', 'c', 'd'].map(work));
  await clock.advance(100);
  assert.deepEqual(
    (await all).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  assert.deepEqual(log, ['a:1', 'b:2', 'c:2', 'd:2']);
});
