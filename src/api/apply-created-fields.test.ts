import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createdManagersText } from '#api/apply-created-fields.ts';
import { fieldSetOfNames } from '#api/apply-field-set.ts';
import { recordUpdate } from '#api/apply-record.ts';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import type { JsonObject } from '#api/json.ts';
import { schemaArbitrary } from '#api/schema-arbitrary.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';

const WRITE = { manager: 'kubectl', time: '2026-11-21T10:00:00Z', schemas: BUILTIN_SCHEMAS };

/** The text by the short way, and by the way that any other write goes. */
function bothWays(object: JsonObject, definition: string, hasStatus: boolean): [string, string] {
  const schema = BUILTIN_SCHEMAS.get(definition);
  const short = createdManagersText(object, { ...WRITE, schema, ignored: hasStatus ? ['status'] : [] });
  const long = recordUpdate({
    ...WRITE,
    schema,
    subresource: '',
    before: undefined,
    after: object,
    ...(hasStatus ? { ignored: fieldSetOfNames([['status']]) } : {}),
  });
  return [short ?? '', long === undefined ? '' : JSON.stringify(long)];
}

function withoutManagedFields(object: JsonObject): JsonObject {
  const { managedFields: _, ...metadata } = (object['metadata'] ?? {}) as JsonObject;
  return { ...object, metadata };
}

test('a creator owns the same fields, in the same text, as by the general way', () => {
  for (const type of BUILTIN_RESOURCES) {
    const schema = BUILTIN_SCHEMAS.get(type.schema);
    fc.assert(
      fc.property(schemaArbitrary(schema, { schemas: BUILTIN_SCHEMAS, whole: false }), (value) => {
        const [short, long] = bothWays(
          withoutManagedFields(value as JsonObject),
          type.schema,
          type.subresources.includes('status'),
        );
        assert.equal(short, long);
      }),
      { numRuns: 15, seed: 7 },
    );
  }
});

test('names and values that JSON must escape, items that stand twice, items without a key', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', labels: { 'a"b': 'c', 'x/y': 'z' }, finalizers: ['q"r', 'q"r'] },
    spec: {
      containers: [
        { name: 'a"b', env: [{ name: 'A' }, { name: 'A', value: 'x' }, { value: 'y' }] },
        { name: 'b', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] },
      ],
      nodeSelector: {},
    },
  };
  const [short, long] = bothWays(object as unknown as JsonObject, 'core/v1.Pod', true);
  assert.equal(short, long);
});

test('an object of nothing but server fields has no managers', () => {
  assert.deepEqual(
    bothWays({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }, 'core/v1.Pod', true),
    ['', ''],
  );
});
