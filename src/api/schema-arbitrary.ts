import fc from 'fast-check';
import type { Json } from '#api/object.ts';
import type { ObjectSchema, ScalarSchema, Schema, SchemaSet } from '#api/schema.ts';

/** How deep generated objects nest; fields below are left out. */
const DEPTH_MAX = 9;

/** Texts that mean something somewhere, so that rules beyond "not a name" are reached. */
const TEXTS = [
  '',
  'a',
  'web',
  'Always',
  'RollingUpdate',
  'ClusterIP',
  'None',
  '10.0.0.1',
  '/data',
  'a/b',
  '25%',
  '*',
  'é%',
];
const QUANTITIES = ['0', '1', '500m', '1Gi', '-1'];
const INTEGERS = [-1, 0, 1, 80, 70000];

/**
 * For tests: objects that a schema allows, each field there or not by chance. With `whole`, required fields are always there.
 */
export function schemaArbitrary(
  schema: Schema,
  { schemas, whole }: { schemas: SchemaSet; whole: boolean },
): fc.Arbitrary<Json> {
  return arbitraryOf(schema, { schemas, whole, depth: 0 });
}

interface Context {
  readonly schemas: SchemaSet;
  readonly whole: boolean;
  readonly depth: number;
}

function arbitraryOf(schema: Schema, context: Context): fc.Arbitrary<Json> {
  const resolved = context.schemas.resolve(schema);
  const below = { ...context, depth: context.depth + 1 };
  switch (resolved.type) {
    case 'object':
      return objectArbitrary(resolved, below);
    case 'map':
      return fc.dictionary(
        fc.constantFrom('a', 'cpu', 'storage', 'x.io/y', '__proto__'),
        arbitraryOf(resolved.values, below),
        {
          maxKeys: 2,
          noNullPrototype: true,
        },
      );
    case 'array':
      return context.depth > DEPTH_MAX
        ? fc.constant([])
        : fc.array(arbitraryOf(resolved.items, below), { maxLength: 2 });
    default:
      return scalarArbitrary(resolved);
  }
}

function objectArbitrary(schema: ObjectSchema, context: Context): fc.Arbitrary<Json> {
  const required = context.whole ? (schema.required ?? []) : [];
  const shown = Object.entries(schema.properties).filter(
    ([key]) => context.depth <= DEPTH_MAX || required.includes(key),
  );
  return fc.integer({ min: 0, max: 2 ** 30 }).chain((seed) => {
    const chosen = shown.filter(([key], index) => required.includes(key) || (seed * (index + 7)) % 3 === 0);
    return fc.record(
      Object.fromEntries(chosen.map(([key, property]) => [key, arbitraryOf(property, context)])),
      {
        noNullPrototype: true,
      },
    );
  }) as fc.Arbitrary<Json>;
}

function scalarArbitrary(schema: ScalarSchema): fc.Arbitrary<Json> {
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.constantFrom(...INTEGERS);
    case 'intOrString':
      return fc.constantFrom<Json>(...INTEGERS, ...TEXTS);
    case 'quantity':
      return fc.constantFrom(...QUANTITIES);
    case 'any':
      return fc.constantFrom<Json>(1, 'x', schema.objectRef === undefined ? { a: [1] } : {}, [], null);
    case 'string':
      if (schema.format === 'date-time' || schema.format === 'micro-time')
        return fc.constant('2026-11-21T10:00:00Z');
      return schema.format === 'byte' ? fc.constantFrom('', 'AAAA') : fc.constantFrom(...TEXTS);
  }
}
