import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { copyObject, type JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { applyJsonPatch, JSON_PATCH_OPERATIONS_MAX } from '#api/patch-json.ts';
import { StatusError } from '#api/status.ts';

test('operations do as RFC 6902 says', () => {
  const situations: [JsonObject, Json, JsonObject][] = [
    [{}, [{ op: 'add', path: '/a', value: 1 }], { a: 1 }],
    [{ a: 1 }, [{ op: 'add', path: '/a', value: null }], { a: null }],
    [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2] }],
    [{ a: 1 }, [{ op: 'add', path: '', value: { b: 2 } }], { b: 2 }],
    [{ a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
    [{ a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
    [{ a: 1 }, [{ op: 'replace', path: '/a', value: [2] }], { a: [2] }],
    [{ a: [1] }, [{ op: 'replace', path: '/a/0', value: 2 }], { a: [2] }],
    [{ a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    [{ a: [1, 2, {}] }, [{ op: 'move', from: '/a/0', path: '/a/1/x' }], { a: [2, { x: 1 }] }],
    [
      { a: { b: 1 } },
      [
        { op: 'copy', from: '/a', path: '/c' },
        { op: 'replace', path: '/c/b', value: 2 },
      ],
      { a: { b: 1 }, c: { b: 2 } },
    ],
    [{ a: { x: 1, y: [] } }, [{ op: 'test', path: '/a', value: { y: [], x: 1 } }], { a: { x: 1, y: [] } }],
    [{}, [{ op: 'test', path: '/gone', value: null }], {}],
    [
      { 'a/b': 1, 'm~n': 2 },
      [
        { op: 'remove', path: '/a~1b' },
        { op: 'remove', path: '/m~0n' },
      ],
      {},
    ],
    [{ '': { '': 1 } }, [{ op: 'replace', path: '//', value: 2 }], { '': { '': 2 } }],
  ];
  for (const [object, patch, expected] of situations) {
    assert.deepEqual(applyJsonPatch(object, patch), expected, JSON.stringify(patch));
  }
});

test('what cannot be applied is Invalid, with the operation in the cause', () => {
  const situations: [JsonObject, Json][] = [
    [{ a: 1 }, { op: 'test', path: '/a', value: 2 }],
    [{}, { op: 'test', path: '/a', value: 2 }],
    [{}, { op: 'remove', path: '/a' }],
    [{}, { op: 'replace', path: '/a', value: 1 }],
    [{}, { op: 'add', path: '/a/b', value: 1 }],
    [{ a: 1 }, { op: 'add', path: '/a/b', value: 1 }],
    [{ a: [] }, { op: 'add', path: '/a/1', value: 1 }],
    [{ a: [] }, { op: 'add', path: '/a/-1', value: 1 }],
    [{ a: [1] }, { op: 'add', path: '/a/00', value: 1 }],
    [{ a: [1] }, { op: 'remove', path: '/a/-' }],
    [{ a: [1] }, { op: 'replace', path: '/a/1', value: 2 }],
    [{ a: { b: 1 } }, { op: 'move', from: '/a', path: '/a/b' }],
    [{}, { op: 'copy', from: '/a', path: '/b' }],
    [{}, { op: 'move', from: '/a', path: '/b' }],
    [{}, { op: 'add', path: '', value: [] }],
    [{}, { op: 'remove', path: '' }],
    [{}, { op: 'replace', path: '/constructor', value: 1 }],
    [{}, { op: 'add', path: '/__proto__/polluted', value: 1 }],
  ];
  for (const [object, operation] of situations) {
    assert.throws(
      () => applyJsonPatch(object, [operation]),
      (error) =>
        error instanceof StatusError &&
        error.code === 422 &&
        error.message === 'the server rejected our request due to an error in our request' &&
        error.details.causes?.[0]?.message !== '',
      JSON.stringify(operation),
    );
  }
  assert.throws(() => applyJsonPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }]), {
    details: { causes: [{ reason: 'FieldValueInvalid', message: 'test "/a": test failed', field: '[0]' }] },
  });
});

test('a malformed patch is a BadRequest', () => {
  const patches: Json[] = [
    {},
    null,
    [null],
    [[]],
    [{}],
    [{ op: 'add', path: '/a' }],
    [{ op: 'add', value: 1 }],
    [{ op: 'add', path: 5, value: 1 }],
    [{ op: 'copy', path: '/a' }],
    [{ op: 'frobnicate', path: '/a' }],
    [{ op: 'toString', path: '/a' }],
    [{ op: 'add', path: 'a', value: 1 }],
    [{ op: 'add', path: '/a~2', value: 1 }],
    [{ op: 'add', path: '/a'.repeat(300), value: 1 }],
  ];
  for (const patch of patches) {
    assert.throws(() => applyJsonPatch({ a: {} }, patch), { reason: 'BadRequest' }, JSON.stringify(patch));
  }
});

test('limits: operations, copies, shifted elements, depth', () => {
  const operations = (count: number, operation: Json): Json => Array.from({ length: count }, () => operation);
  assert.throws(
    () => applyJsonPatch({}, operations(JSON_PATCH_OPERATIONS_MAX + 1, { op: 'remove', path: '/a' })),
    { code: 413 },
  );
  assert.throws(
    () => applyJsonPatch({ a: ['x'] }, operations(64, { op: 'copy', from: '/a', path: '/a/-' })),
    { code: 422 },
  );
  const long = { a: Array.from({ length: 100_000 }, () => 1) };
  assert.throws(() => applyJsonPatch(long, operations(10_000, { op: 'add', path: '/a/0', value: 1 })), {
    code: 422,
  });
  const path = '/a'.repeat(200);
  const nest = [{ op: 'add', path, value: {} }];
  const base = JSON.parse(`${'{"a":'.repeat(200)}{}${'}'.repeat(200)}`) as JsonObject;
  const deepen = Array.from({ length: 20 }, () => [
    { op: 'move', from: '/a', path: '/b' },
    { op: 'add', path: '/a', value: base['a'] ?? null },
    { op: 'move', from: '/b', path: `${path}/c` },
  ]).flat();
  assert.doesNotThrow(() => applyJsonPatch(base, nest));
  assert.throws(() => applyJsonPatch(base, deepen), { code: 422 });
  assert.throws(() => applyJsonPatch(base, [...deepen, { op: 'copy', from: '/a', path: '/b' }]), {
    code: 422,
  });
});

test('__proto__ is a key like any other', () => {
  const patch = JSON.parse('[{"op":"add","path":"/__proto__","value":{"polluted":true}}]') as Json;
  const result = applyJsonPatch({}, patch);
  assert.deepEqual(Object.keys(result), ['__proto__']);
  assert.equal(Object.getPrototypeOf(result), Object.prototype);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
const jsonObject = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), json, { noNullPrototype: true });
const pointer = fc.constantFrom('', '/a', '/b', '/a/b', '/a/0', '/a/-', '/__proto__', '/b/a/0');
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
    path: pointer,
    from: pointer,
    value: json,
  },
  { noNullPrototype: true },
);

test('a patch applies as a whole or is refused, and never changes its input', () => {
  fc.assert(
    fc.property(jsonObject, fc.array(operation, { maxLength: 4 }), (object, patch) => {
      const before = JSON.stringify([object, patch]);
      try {
        const result = applyJsonPatch(object, patch);
        assert.equal(JSON.stringify(applyJsonPatch(copyObject(object), patch)), JSON.stringify(result));
      } catch (error) {
        assert.ok(error instanceof StatusError && error.code === 422);
      }
      assert.equal(JSON.stringify([object, patch]), before);
    }),
  );
});
