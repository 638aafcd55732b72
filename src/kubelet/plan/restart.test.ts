import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  crashDelayMs,
  crashWaitMs,
  formatDelay,
  isRestarted,
  type RestartPolicy,
  streakAfterExit,
} from '#kubelet/plan/restart.ts';
import { containerOf, exited } from '#kubelet/pod-facts.fixture.ts';

test('the restart policy decides by exit code', () => {
  const table: [RestartPolicy, number, boolean][] = [
    ['Always', 0, true],
    ['Always', 1, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['Never', 0, false],
    ['Never', 1, false],
  ];
  for (const [policy, code, restarted] of table)
    assert.equal(isRestarted(policy, code), restarted, `${policy} ${code}`);
});

test('delays double from 10 s to 5 min', () => {
  const delays = [0, 1, 2, 3, 4, 5, 6, 7, 1000].map((streak) => crashDelayMs(streak) / 1000);
  assert.deepEqual(delays, [0, 10, 20, 40, 80, 160, 300, 300, 300]);
  assert.deepEqual([10_000, 160_000, 300_000].map(formatDelay), ['10s', '2m40s', '5m0s']);
});

test('a stable run ends the streak', () => {
  assert.equal(streakAfterExit(containerOf({ streak: 5, state: exited(1, { ranMs: 599_999 }) })), 5);
  assert.equal(streakAfterExit(containerOf({ streak: 5, state: exited(1, { ranMs: 600_000 }) })), 0);
});

test('a wall clock that was set moves no wait beyond its length', () => {
  const exit = { finishedMs: 1_000_000, seenMs: 500, streak: 1 };
  assert.equal(crashWaitMs(exit, { wallMs: 1_004_000, monotonicMs: 4500 }), 6000);
  assert.equal(crashWaitMs(exit, { wallMs: -86_400_000, monotonicMs: 4500 }), 6000, 'set back');
  assert.equal(crashWaitMs(exit, { wallMs: 86_400_000, monotonicMs: 4500 }), 0, 'set forward');
});
