import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { repeatedItems } from '#api/apiextensions/list-uniqueness.ts';
import { validateValue } from '#api/apiextensions/validate-value.ts';
import type { Json } from '#api/object.ts';
import { fieldErrorMessage } from '#api/status.ts';

function faults(value: Json, schema: JSONSchemaProps, old?: Json): string[] {
  const root: JSONSchemaProps = { type: 'object', properties: { x: schema } };
  const before = old === undefined ? undefined : { x: old };
  return validateValue({ x: value }, root, { path: '', old: before }).map(fieldErrorMessage);
}

const SITUATIONS: readonly [what: string, value: Json, schema: JSONSchemaProps, faults: string[]][] = [
  [
    'a text for a number',
    'a',
    { type: 'integer' },
    ['x: Invalid value: "string": x in body must be of type integer: "string"'],
  ],
  [
    'a fraction for a whole number',
    1.5,
    { type: 'integer' },
    ['x: Invalid value: "number": x in body must be of type integer: "number"'],
  ],
  ['a whole number for a number', 1, { type: 'number' }, []],
  [
    'a null',
    null,
    { type: 'string' },
    ['x: Invalid value: "null": x in body must be of type string: "null"'],
  ],
  ['a nullable null', null, { type: 'string', nullable: true }, []],
  [
    'too small',
    0,
    { type: 'integer', minimum: 1 },
    ['x: Invalid value: 0: x in body should be greater than or equal to 1'],
  ],
  [
    'not above',
    1,
    { type: 'integer', minimum: 1, exclusiveMinimum: true },
    ['x: Invalid value: 1: x in body should be greater than 1'],
  ],
  [
    'too large',
    11,
    { type: 'integer', maximum: 10 },
    ['x: Invalid value: 11: x in body should be less than or equal to 10'],
  ],
  [
    'not below',
    10,
    { type: 'integer', maximum: 10, exclusiveMaximum: true },
    ['x: Invalid value: 10: x in body should be less than 10'],
  ],
  [
    'no multiple',
    7,
    { type: 'integer', multipleOf: 5 },
    ['x: Invalid value: 7: x in body should be a multiple of 5'],
  ],
  [
    'a whole number of a factor that is less than one',
    1,
    { type: 'number', multipleOf: 0.5 },
    ['x: Invalid value: 0: factor MultipleOf declared for x must be positive: 0'],
  ],
  ['a whole number beyond its format', 2 ** 33, { type: 'integer', format: 'int32' }, []],
  [
    'a number for a text of a format',
    5,
    { type: 'string', format: 'date' },
    ['x: Invalid value: "int64": x in body must be of type date: "int64"'],
  ],
  ['a decimal multiple', 0.3, { type: 'number', multipleOf: 0.1 }, []],
  [
    'too short',
    '',
    { type: 'string', minLength: 1 },
    ['x: Invalid value: "": x in body should be at least 1 chars long'],
  ],
  ['too long', 'abcd', { type: 'string', maxLength: 3 }, ['x: Too long: may not be more than 3 bytes']],
  ['as long as may be, in characters', 'äöü', { type: 'string', maxLength: 3 }, []],
  [
    'another text than the pattern wants',
    'A',
    { type: 'string', pattern: '^[a-z]+$' },
    [`x: Invalid value: "A": x in body should match '^[a-z]+$'`],
  ],
  [
    'none of those that may be',
    'c',
    { type: 'string', enum: ['a', 'b'] },
    ['x: Unsupported value: "c": supported values: "a", "b"'],
  ],
  [
    'no uri',
    'no uri',
    { type: 'string', format: 'uri' },
    ['x: Invalid value: "no uri": x in body must be of type uri: "no uri"'],
  ],
  ['a format that nobody knows', 'a', { type: 'string', format: 'secret-sauce' }, []],
  [
    'a date and time',
    '2026-02-29T00:00:00Z',
    { type: 'string', format: 'date-time' },
    ['x: Invalid value: "2026-02-29T00:00:00Z": x in body must be of type date-time: "2026-02-29T00:00:00Z"'],
  ],
  [
    'too few items',
    [],
    { type: 'array', minItems: 1, items: { type: 'string' } },
    ['x: Invalid value: 0: x in body should have at least 1 items'],
  ],
  [
    'too many items',
    ['a', 'b'],
    { type: 'array', maxItems: 1, items: { type: 'string' } },
    ['x: Too many: 2: must have at most 1 items'],
  ],
  [
    'a wrong item',
    ['a', 1],
    { type: 'array', items: { type: 'string' } },
    ['x[1]: Invalid value: "integer": x[1] in body must be of type string: "integer"'],
  ],
  [
    'too many entries',
    { a: 1, b: 2 },
    { type: 'object', maxProperties: 1 },
    ['x: Too many: 2: must have at most 1 items'],
  ],
  ['a missing field', {}, { type: 'object', required: ['name'] }, ['x.name: Required value']],
  [
    'a wrong entry',
    { a: 'b' },
    { type: 'object', additionalProperties: { type: 'boolean' } },
    ['x.a: Invalid value: "string": x.a in body must be of type boolean: "string"'],
  ],
  [
    'int or string',
    true,
    { 'x-kubernetes-int-or-string': true },
    ['x: Invalid value: "boolean": x in body must be of type integer,string: "boolean"'],
  ],
  [
    'no alternative',
    { a: 1 },
    { type: 'object', oneOf: [{ required: ['b'] }, { required: ['c'] }] },
    [
      '<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found none valid',
      'x.b: Required value',
    ],
  ],
  [
    'two alternatives',
    { b: 1, c: 1 },
    { type: 'object', oneOf: [{ required: ['b'] }, { required: ['c'] }] },
    [
      '<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  ],
  [
    'neither',
    5,
    { anyOf: [{ maximum: 3 }, { minimum: 9 }] },
    [
      '<nil>: Invalid value: "": "x" must validate at least one schema (anyOf)',
      'x: Invalid value: 5: x in body should be less than or equal to 3',
    ],
  ],
  [
    'not all',
    5,
    { allOf: [{ maximum: 3 }, { minimum: 1 }] },
    [
      'x: Invalid value: 5: x in body should be less than or equal to 3',
      '<nil>: Invalid value: "": "x" must validate all the schemas (allOf)',
    ],
  ],
  [
    'what must not be',
    5,
    { not: { minimum: 1 } },
    ['<nil>: Invalid value: "": "x" must not validate the schema (not)'],
  ],
];

for (const [what, value, schema, expected] of SITUATIONS) {
  test(`the schema of a custom kind says what is wrong: ${what}`, () => {
    assert.deepEqual(faults(value, schema), expected);
  });
}

test('a pattern that takes others for ever is matched in no time', () => {
  assert.equal(faults('a'.repeat(50_000), { type: 'string', pattern: '^(a+)+$b' }).length, 1);
});

test('what has not changed is not looked at again', () => {
  const schema: JSONSchemaProps = {
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 2 },
      ports: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['port'],
        items: {
          type: 'object',
          properties: { port: { type: 'integer' }, name: { type: 'string', maxLength: 2 } },
        },
      },
    },
  };
  const old = {
    name: 'long',
    ports: [
      { port: 1, name: 'long' },
      { port: 2, name: 'b' },
    ],
  };
  const changed = {
    name: 'long',
    ports: [
      { port: 2, name: 'longer' },
      { port: 1, name: 'long' },
    ],
  };
  assert.deepEqual(faults(changed, schema, old), ['x.ports[0].name: Too long: may not be more than 2 bytes']);
  assert.equal(faults(changed, schema).length, 3);
});

test('sets and keyed lists hold nothing twice', () => {
  const schema: JSONSchemaProps = {
    type: 'object',
    properties: {
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      map: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', properties: { name: { type: 'string' } } },
      },
    },
  };
  const value = { set: ['a', 'b', 'a', 'a'], map: [{ name: 'a' }, { name: 'b' }, { name: 'b', more: 1 }] };
  assert.deepEqual(repeatedItems(value, schema).map(fieldErrorMessage), [
    'set[2]: Duplicate value: "a"',
    'map[2]: Duplicate value: {"name":"b"}',
  ]);
});
