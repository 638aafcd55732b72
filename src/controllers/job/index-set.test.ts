import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIndexes, parseIndexes } from '#controllers/job/index-set.ts';

for (const [indexes, text] of [
  [[], ''],
  [[3], '3'],
  [[0, 1], '0,1'],
  [[4, 2, 3, 0], '0,2-4'],
] as const) {
  test(`the indexes ${indexes.join(' ')} are written "${text}"`, () =>
    assert.equal(formatIndexes(indexes), text));
}

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), (indexes) => {
      assert.deepEqual(
        [...parseIndexes(formatIndexes(indexes))],
        indexes.toSorted((a, b) => a - b),
      );
    }),
  );
});
