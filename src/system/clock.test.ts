import assert from 'node:assert/strict';
import { test } from 'node:test';
import { microTimestamp, parseTimestamp, pause, sleep, timestamp } from '#system/clock.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

test('sleep resolves in time, and rejects as soon as its signal aborts', async () => {
  const clock = new SimulatedClock();
  let slept = false;
  void sleep(clock, 1000).then(() => {
    slept = true;
  });
  await clock.advance(999);
  assert.equal(slept, false);
  await clock.advance(1);
  assert.equal(slept, true);
  const abort = new AbortController();
  const sleeping = sleep(clock, 1000, abort.signal);
  abort.abort(new Error('enough'));
  await assert.rejects(sleeping, /enough/);
  await assert.rejects(sleep(clock, 1000, abort.signal), /enough/);
});

test('a pause ends quietly, by time or by abort, and leaves no listener behind', async () => {
  const clock = new SimulatedClock();
  const abort = new AbortController();
  const ends: string[] = [];
  void pause(clock, 10, abort.signal).then(() => ends.push('time'));
  void pause(clock, 1000, abort.signal).then(() => ends.push('abort'));
  await clock.advance(10);
  assert.deepEqual(ends, ['time']);
  abort.abort();
  await clock.advance(0);
  assert.deepEqual(ends, ['time', 'abort']);
  await pause(clock, 1000, abort.signal);
});

test('times as Kubernetes writes them', () => {
  const ms = Date.UTC(2026, 10, 21, 10, 0, 5, 678);
  assert.equal(timestamp(ms), '2026-11-21T10:00:05Z');
  assert.equal(microTimestamp(ms), '2026-11-21T10:00:05.678000Z');
  assert.equal(parseTimestamp('2026-11-21T12:00:05+02:00'), Date.UTC(2026, 10, 21, 10, 0, 5));
  for (const text of [undefined, '', 'soon']) assert.equal(parseTimestamp(text), undefined);
});
