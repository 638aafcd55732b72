import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntryCache } from '#store/entry-cache.ts';
import type { Entry } from '#store/store.ts';

const entry = (revision: number, bytes = 700): Entry => ({
  key: `/${revision}`,
  value: new Uint8Array(bytes),
  revision,
});

test('rows written drive out the oldest ones, and the limit holds', () => {
  const cache = new EntryCache(3000);
  for (let id = 1; id <= 5; id++) cache.written(id, entry(id));
  assert.deepEqual(
    [1, 2, 3, 4, 5].filter((id) => cache.get(id) !== undefined),
    [3, 4, 5],
  );
  assert.equal(cache.bytes, 3000);
  cache.written(6, entry(6, 10_000));
  assert.equal(cache.bytes, 0, 'one that is larger than the limit leaves nothing');
});

test('rows read come in only where there is room', () => {
  const cache = new EntryCache(2000);
  cache.read(1, entry(1));
  cache.written(2, entry(2));
  cache.read(3, entry(3));
  assert.deepEqual(
    [1, 2, 3].filter((id) => cache.get(id) !== undefined),
    [1, 2],
  );
  cache.drop(1);
  cache.drop(1);
  cache.read(3, entry(3));
  assert.deepEqual(
    [1, 2, 3].filter((id) => cache.get(id) !== undefined),
    [2, 3],
  );
});

test('a small part of a large buffer is not kept', () => {
  const cache = new EntryCache(1_000_000);
  cache.written(1, { key: '/a', value: new Uint8Array(100_000).subarray(0, 10), revision: 1 });
  assert.equal(cache.get(1), undefined);
});
