import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WorkQueue } from '#reconcile/work-queue.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

function start() {
  const clock = new SimulatedClock();
  return { clock, queue: new WorkQueue(clock) };
}

test('a key stands in it once, first in, first out', async () => {
  const { queue } = start();
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  assert.equal(queue.depth, 3);
  assert.deepEqual(
    [await queue.take(), await queue.take(), await queue.take(), queue.depth],
    ['a', 'b', 'c', 0],
  );
});

test('a key that is worked on is taken up again afterwards, once, and by nobody meanwhile', async () => {
  const { clock, queue } = start();
  queue.add('a');
  assert.equal(await queue.take(), 'a');
  queue.add('a');
  queue.add('a');
  let second: string | undefined;
  void queue.take().then((key) => {
    second = key;
  });
  await clock.advance(0);
  assert.deepEqual([second, queue.depth, queue.isIdle()], [undefined, 1, false]);
  queue.done('a');
  await clock.advance(0);
  assert.deepEqual([second, queue.depth], ['a', 0]);
  queue.done('a');
  assert.equal(queue.isIdle(), true);
});

test('of several delays the earliest counts; a key that is added meanwhile does not wait', async () => {
  const { clock, queue } = start();
  queue.addAfter('a', 1000);
  queue.addAfter('a', 100);
  queue.addAfter('a', 500);
  assert.deepEqual([queue.depth, queue.isIdle(), queue.isIdle(100)], [0, true, false]);
  await clock.advance(99);
  assert.equal(queue.depth, 0);
  await clock.advance(1);
  assert.equal(await queue.take(), 'a');
  queue.done('a');
  await clock.advance(2000);
  assert.equal(queue.depth, 0, 'the later ones are forgotten');
  queue.addAfter('b', 1000);
  queue.add('b');
  assert.equal(await queue.take(), 'b');
  queue.done('b');
  await clock.advance(2000);
  assert.equal(queue.depth, 0);
});

test('whoever waits is woken by each key, and at the end', async () => {
  const { clock, queue } = start();
  const taken: (string | undefined)[] = [];
  for (let n = 0; n < 3; n++) void queue.take().then((key) => taken.push(key));
  queue.add('a');
  queue.add('b');
  await clock.advance(0);
  assert.deepEqual(taken, ['a', 'b']);
  queue.addAfter('c', 10);
  queue.close();
  queue.add('d');
  await clock.advance(100);
  assert.deepEqual([taken, await queue.take()], [['a', 'b', undefined], undefined]);
});

test('no key is lost, whatever the order of things', async () => {
  const action = fc.record({
    type: fc.constantFrom('add', 'addAfter', 'take', 'done'),
    key: fc.integer({ min: 0, max: 3 }),
    ms: fc.integer({ min: 0, max: 50 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 80 }), async (actions) => {
      const { clock, queue } = start();
      /** Keys of which something was said after they were last taken. */
      const due = new Set<string>();
      const working = new Set<string>();
      let waiting = 0;
      const take = (): void => {
        waiting += 1;
        void queue.take().then((key) => {
          waiting -= 1;
          if (key === undefined) return;
          assert.ok(!working.has(key), 'nobody else works on it');
          working.add(key);
          due.delete(key);
        });
      };
      for (const { type, key, ms } of actions) {
        const name = `k${key}`;
        if (type === 'add' || type === 'addAfter') {
          due.add(name);
          if (type === 'add') queue.add(name);
          else queue.addAfter(name, ms);
        } else if (type === 'take') take();
        else if (working.delete(name)) queue.done(name);
        await clock.advance(ms);
      }
      for (let n = 0; n < 20; n++) {
        for (const key of [...working]) {
          working.delete(key);
          queue.done(key);
        }
        if (waiting === 0) take();
        await clock.advance(100);
      }
      assert.deepEqual([...due], []);
      queue.close();
    }),
    { numRuns: 100 },
  );
});
