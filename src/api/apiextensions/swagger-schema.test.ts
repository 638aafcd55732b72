import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { swaggerSchema } from '#api/apiextensions/swagger-schema.ts';

const TEXT: JSONSchemaProps = { type: 'string', pattern: 'a|b' };

/** What it is about, the schema, and what Swagger says of it. */
const table: [string, JSONSchemaProps, JSONSchemaProps][] = [
  ['limits stay', TEXT, TEXT],
  ['alternatives go', { type: 'object', oneOf: [{}], not: {}, anyOf: [], allOf: [] }, { type: 'object' }],
  ['what may be null is anything', { type: 'object', nullable: true, properties: { a: TEXT } }, {}],
  [
    'what takes unknown fields is anything',
    { type: 'object', properties: { a: TEXT }, 'x-kubernetes-preserve-unknown-fields': true },
    { 'x-kubernetes-preserve-unknown-fields': true },
  ],
  ['a list of anything', { type: 'array' }, {}],
  ['a list', { type: 'array', items: { ...TEXT, not: {} } }, { type: 'array', items: TEXT }],
  [
    'required fields that may be null',
    { type: 'object', required: ['a', 'b'], properties: { a: { ...TEXT, nullable: true }, b: TEXT } },
    { type: 'object', required: ['b'], properties: { a: { pattern: 'a|b' }, b: TEXT } },
  ],
  [
    'a map of what may be null',
    { type: 'object', required: ['a'], additionalProperties: { ...TEXT, nullable: true } },
    { type: 'object', additionalProperties: { pattern: 'a|b' } },
  ],
];

for (const [what, schema, expected] of table)
  test(what, () => {
    const before = structuredClone(schema);
    assert.deepEqual(swaggerSchema(schema), expected);
    assert.deepEqual(schema, before);
  });
