import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equalJson, isJsonObject, type JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { applyMergePatch } from '#api/patch-merge.ts';

test('a merge patch does as RFC 7396 says', () => {
  const situations: [JsonObject, JsonObject, JsonObject][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{}, { a: [null, { b: null }] }, { a: [null, { b: null }] }],
  ];
  for (const [object, patch, expected] of situations)
    assert.deepEqual(applyMergePatch(object, patch), expected);
});

test('a patch that is no object is a BadRequest', () => {
  for (const patch of [null, 1, 'x', [], true])
    assert.throws(() => applyMergePatch({}, patch), { reason: 'BadRequest' });
});

test('__proto__ is a key like any other', () => {
  const result = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}') as Json);
  assert.deepEqual(Object.keys(result), ['__proto__']);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.deepEqual(applyMergePatch(result, JSON.parse('{"__proto__":null}') as Json), {});
});

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
const jsonObject = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), json, {
  noNullPrototype: true,
});

function withoutNulls(value: Json): Json {
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}

test('a merge patch is idempotent, and onto nothing gives itself without nulls', () => {
  fc.assert(
    fc.property(jsonObject, jsonObject, (object, patch) => {
      const before = JSON.stringify([object, patch]);
      const once = applyMergePatch(object, patch);
      assert.deepEqual(applyMergePatch(once, patch), once);
      assert.ok(equalJson(applyMergePatch({}, patch), withoutNulls(patch)));
      assert.equal(JSON.stringify([object, patch]), before);
    }),
  );
});
