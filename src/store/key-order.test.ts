import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys, prefixEnd } from '#store/key-order.ts';

const key = fc.string({ unit: 'binary', maxLength: 6 });

test('keys are ordered by their UTF-8 bytes', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      assert.equal(Math.sign(compareKeys(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  assert.ok(compareKeys('\u{1F600}', '\uffee') > 0, 'a character above U+FFFF comes after U+FFEE');
});

test('a key has the prefix exactly where it lies between the prefix and its end', () => {
  fc.assert(
    fc.property(key, key, fc.boolean(), (prefix, other, joined) => {
      const candidate = joined ? prefix + other : other;
      const end = prefixEnd(prefix);
      const inRange =
        compareKeys(candidate, prefix) >= 0 && (end === undefined || compareKeys(candidate, end) < 0);
      assert.equal(inRange, candidate.startsWith(prefix));
    }),
  );
});

test('the end of a prefix is its successor', () => {
  const situations: [prefix: string, end: string | undefined][] = [
    ['', undefined],
    ['/pods/', '/pods0'],
    ['a\u{10ffff}', 'b'],
    ['\u{10ffff}', undefined],
    ['a\ud7ff', 'a\ue000'],
    ['a\uffff', 'a\u{10000}'],
  ];
  for (const [prefix, end] of situations) assert.equal(prefixEnd(prefix), end, JSON.stringify(prefix));
});
