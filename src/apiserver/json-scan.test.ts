import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanJson } from '#apiserver/json-scan.ts';

test('fields that stand twice, by their paths', () => {
  const table: [string, string[]][] = [
    ['{}', []],
    ['{"a":1,"b":1}', []],
    ['{"a":1,"a":2}', ['a']],
    ['{"a":1,"a":2,"a":3}', ['a', 'a']],
    ['{"a":{"b":1},"c":{"b":1}}', []],
    ['{"a":{"b":1,"b":2}}', ['a.b']],
    ['{"l":[{"x":1},{"x":1,"y":0,"x":2}]}', ['l[1].x']],
    ['[{"a":1,"a":1}]', ['[0].a']],
    [String.raw`{"a\"":1,"a\"":2}`, ['a"']],
    [String.raw`{"a":1,"\u0061":2}`, ['a']],
    [String.raw`{"a":"b\\","b":"x,\"a\":1"}`, []],
    ['{"a":"{\\"a\\":1,","b":"}"}', []],
    ['{"a":[[],[1,{"k":[],"k":{}}]]}', ['a[1][1].k']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
  ];
  for (const [text, expected] of table) assert.deepEqual(scanJson(text), expected, text);
});

test('among many keys, too', () => {
  const keys = Array.from({ length: 40 }, (_, n) => `"k${n}":${n}`);
  assert.deepEqual(scanJson(`{${[...keys, '"k3":0', '"k39":0', '"k40":0'].join(',')}}`), ['k3', 'k39']);
});

test('no more than 20 are named', () => {
  assert.equal(scanJson(`{${Array(100).fill('"a":1').join(',')}}`).length, 20);
});

test('128 levels are read, one more is not', () => {
  assert.deepEqual(scanJson('['.repeat(128) + ']'.repeat(128)), []);
  assert.throws(() => scanJson('['.repeat(129)), /nested deeper than 128 levels/);
  assert.deepEqual(scanJson(`"${'['.repeat(1000)}"`), [], 'brackets in texts are no levels');
});

test('what JSON.stringify writes has no field twice, and any text is gone through', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
      assert.deepEqual(scanJson(JSON.stringify(value, undefined, 1)), []);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      scanJson(text);
    }),
  );
});
