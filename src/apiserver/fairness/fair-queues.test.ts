import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dealHand, FairQueues } from '#apiserver/fairness/fair-queues.ts';
import { PriorityLevel, SEAT_WAIT_MS_MAX, type SeatPool } from '#apiserver/fairness/priority-level.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

test('a hand is of different queues, the same ones for the same flow', () => {
  const settings = { queues: 128, handSize: 6 };
  for (let hash = 1n; hash < 2n ** 63n; hash *= 977n) {
    const hand = dealHand(hash, settings);
    assert.deepEqual([hand.length, new Set(hand).size], [6, 6]);
    assert.ok(hand.every((index) => index >= 0 && index < 128));
    assert.deepEqual(dealHand(hash, settings), hand);
  }
});

test('queues are served by turns, wide and long requests counting for more', () => {
  const queues = new FairQueues({ queues: 64, handSize: 1, queueLengthMax: 10 });
  const started: string[] = [];
  const wait = (flow: bigint, name: string, width = 1, ranMs = 50): void => {
    const start = (settle: (ranMs: number) => void): void => {
      started.push(name);
      settle(ranMs);
    };
    assert.ok(queues.enqueue(flow, { width, start }));
  };
  for (const n of [1, 2, 3, 4]) wait(1n, `a${n}`);
  for (const n of [1, 2]) wait(2n, `b${n}`, 2);
  for (const n of [1, 2]) wait(3n, `c${n}`, 1, 500);
  while (queues.waiting > 0) queues.startNext();
  assert.deepEqual(started, ['a1', 'b1', 'c1', 'a2', 'a3', 'b2', 'a4', 'c2']);
});

test('a queue that is full refuses, and one that leaves makes room', () => {
  const queues = new FairQueues({ queues: 1, handSize: 1, queueLengthMax: 2 });
  const start = (): void => undefined;
  const leave = queues.enqueue(1n, { width: 1, start });
  assert.ok(queues.enqueue(2n, { width: 1, start }));
  assert.equal(queues.enqueue(1n, { width: 1, start }), undefined);
  leave?.();
  assert.ok(queues.enqueue(1n, { width: 1, start }));
});

function twoLevels(clock: SimulatedClock): PriorityLevel[] {
  const pool: { total: number; levels: PriorityLevel[] } = { total: 8, levels: [] };
  const level = (name: string, queued: boolean): PriorityLevel =>
    new PriorityLevel(
      {
        name,
        uid: name,
        isExempt: false,
        seats: 4,
        lendableSeats: 2,
        borrowableSeats: 8,
        queuing: queued ? { queues: 64, handSize: 4, queueLengthMax: 3 } : undefined,
      },
      { clock, pool: (): SeatPool => pool },
    );
  pool.levels.push(level('one', true), level('two', false));
  return pool.levels;
}

test('a level borrows what others lend, and they get back what they need', async () => {
  const [one, two] = twoLevels(new SimulatedClock());
  assert.ok(one !== undefined && two !== undefined);
  const leaves = Array.from({ length: 6 }, () => one.enter('f', 1));
  assert.ok(leaves.every((leave) => typeof leave === 'function'));
  assert.equal(one.seatsUsed, 6);
  const waiting = one.enter('f', 1);
  assert.equal(one.waiting, 1);
  const own = [two.enter('g', 1), two.enter('g', 1), two.enter('g', 1), two.enter('g', 1)];
  assert.throws(() => two.enter('g', 1), /too many requests, please try again later/);
  for (const leave of own) if (typeof leave === 'function') leave();
  const [first] = leaves;
  assert.ok(typeof first === 'function');
  first();
  first();
  const late = await waiting;
  assert.deepEqual([one.seatsUsed, one.waiting], [6, 0]);
  late();
  assert.equal(one.seatsUsed, 5);
});

test('whoever gets no seat in time is refused', async () => {
  const clock = new SimulatedClock();
  const [one] = twoLevels(clock);
  assert.ok(one !== undefined);
  void one.enter('f', 6);
  const refused = assert.rejects(Promise.resolve(one.enter('f', 1)), /too many requests/);
  await clock.advance(SEAT_WAIT_MS_MAX);
  await refused;
  assert.equal(one.waiting, 0);
});
