import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsOfSpec, countsOfSummary, formatCounts, sumCounts } from './test-counts.ts';

test('the last counts of the spec reporter are taken; a cancelled test has failed', () => {
  const output =
    'ℹ pass 1\nℹ fail 9\n✔ a (1ms)\nℹ tests 7\nℹ pass 3\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 1\n';
  assert.deepEqual(countsOfSpec(output), { passed: 3, failed: 2, skipped: 2 });
});

test('output without counts has none', () => {
  for (const output of ['', 'ℹ pass 3\n', 'SyntaxError: no\n', 'x 3 passed, 1 failed']) {
    assert.equal(countsOfSpec(output), undefined);
    assert.equal(countsOfSummary(output), undefined);
  }
});

test('a summary is read back as it was written', () => {
  const counts = { passed: 12, failed: 3, skipped: 4 };
  assert.equal(formatCounts(counts), '12 passed, 3 failed, 4 skipped');
  assert.deepEqual(countsOfSummary(`1 passed, 1 failed\n${formatCounts(counts)}\n`), counts);
  assert.deepEqual(countsOfSummary('5 passed, 0 failed\n'), { passed: 5, failed: 0, skipped: 0 });
});

test('counts add up', () => {
  assert.deepEqual(sumCounts([]), { passed: 0, failed: 0, skipped: 0 });
  const one = { passed: 1, failed: 2, skipped: 3 };
  assert.deepEqual(sumCounts([one, one]), { passed: 2, failed: 4, skipped: 6 });
});
