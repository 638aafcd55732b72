import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BUILTIN_RESOURCES, resourceOfKind, resourceOfPlural } from '#api/catalogue.ts';
import { checkFields } from '#api/check-fields.ts';
import type { MutableJson } from '#api/json.ts';
import type { Json, KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { schemaArbitrary } from '#api/schema-arbitrary.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';

const NOW_MS = Date.parse('2026-11-21T10:00:00Z');
/** Random objects for each kind and property. */
const RUNS = 40;

function objectsOf(type: ResourceType, whole: boolean): fc.Arbitrary<KubeObject> {
  const schema = { type: 'ref', ref: type.schema } as const;
  return schemaArbitrary(schema, { schemas: BUILTIN_SCHEMAS, whole }).map((value) => {
    const object = value as Record<string, Json>;
    const metadata = {
      ...(object.metadata as object),
      name: 'web',
      namespace: 'default',
      uid: 'u-1',
      creationTimestamp: '2026-11-21T09:00:00Z',
    };
    return { ...object, apiVersion: apiVersionOf(type), kind: type.kind, metadata } as unknown as KubeObject;
  });
}

test('kinds are found by their own names, and no two share one', () => {
  for (const type of BUILTIN_RESOURCES) {
    assert.equal(resourceOfKind({ apiVersion: apiVersionOf(type), kind: type.kind }), type);
    assert.equal(resourceOfPlural({ apiVersion: apiVersionOf(type), plural: type.plural }), type);
  }
  const short = BUILTIN_RESOURCES.filter(({ storedAs }) => storedAs === undefined).flatMap(
    ({ shortNames }) => shortNames,
  );
  assert.equal(new Set(short).size, short.length);
  assert.equal(resourceOfKind({ apiVersion: 'v1', kind: 'Nothing' }), undefined);
});

for (const type of BUILTIN_RESOURCES) {
  const name = `${apiVersionOf(type)} ${type.kind}`;

  test(`${name}: defaults and validation are total on whatever the schema allows`, () => {
    fc.assert(
      fc.property(objectsOf(type, false), objectsOf(type, false), (object, old) => {
        const check = {
          schemas: BUILTIN_SCHEMAS,
          schema: { type: 'ref', ref: type.schema } as const,
          kind: type.kind,
          version: type.version,
        };
        assert.deepEqual(checkFields(object as unknown as MutableJson, check), []);
        type.applyDefaults(object);
        type.validate(object, undefined);
        type.applyDefaults(old);
        if (type.validate(old, undefined).length === 0) type.validate(object, old);
      }),
      { numRuns: RUNS },
    );
  });

  test(`${name}: defaults applied twice are the same as once, and known to the schema`, () => {
    fc.assert(
      fc.property(objectsOf(type, true), (object) => {
        type.applyDefaults(object);
        const once = structuredClone(object);
        type.applyDefaults(object);
        assert.deepEqual(object, once);
        const check = {
          schemas: BUILTIN_SCHEMAS,
          schema: { type: 'ref', ref: type.schema } as const,
          kind: type.kind,
          version: type.version,
        };
        assert.deepEqual(checkFields(object as unknown as MutableJson, check), []);
      }),
      { numRuns: RUNS },
    );
  });

  test(`${name}: columns and selectable fields can be read of every object with its required fields`, () => {
    fc.assert(
      fc.property(objectsOf(type, true), (object) => {
        type.applyDefaults(object);
        for (const column of type.columns)
          assert.notEqual(column.cell(object, NOW_MS), undefined, column.name);
        for (const read of Object.values(type.selectableFields)) assert.equal(typeof read(object), 'string');
      }),
      { numRuns: RUNS },
    );
  });
}
