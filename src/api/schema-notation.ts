/**
 * The notation in which definitions are kept: one text for each struct, of `field:type` separated by spaces, with `!` after
 * a required field's name.
 *
 *     containerPort!:int32 limits:{quantity} env:[core/v1.EnvVar] lifecycle:core/v1.Lifecycle
 *
 * Types are scalars (see {@link SCALARS}), `[item]`, `{value}` and names of definitions. A text costs a tenth of the objects
 * that it stands for, so a definition is parsed when it is first asked for.
 */
import { EMBEDDED } from '#api/embedded-fields.ts';
import { EMPTY_IS_SET, EMPTY_LIST_IS_SET, ZERO_IS_ABSENT } from '#api/empty-values.ts';
import { ATOMIC_DEFINITIONS, LIST_RULES, STRUCT_RULES } from '#api/merge-keys.ts';
import type { ObjectSchema, ScalarSchema, Schema } from '#api/schema.ts';
import { assert } from '#system/assert.ts';

const SCALARS: ReadonlyMap<string, ScalarSchema> = new Map<string, ScalarSchema>([
  ['any', { type: 'any', atomic: true }],
  ['boolean', { type: 'boolean' }],
  ['byte', { type: 'string', format: 'byte' }],
  ['double', { type: 'number', format: 'double' }],
  ['int-or-string', { type: 'intOrString' }],
  ['int32', { type: 'integer', format: 'int32' }],
  ['int64', { type: 'integer', format: 'int64' }],
  ['micro-time', { type: 'string', format: 'micro-time' }],
  ['quantity', { type: 'quantity' }],
  ['string', { type: 'string' }],
  ['time', { type: 'string', format: 'date-time' }],
]);

const JSON_SCHEMA = 'apiextensions/v1.JSONSchemaProps';

/** Fields that hold one thing or another, which OpenAPI tells nothing of: the definition of an object there. */
const OBJECTS_IN_ANY: ReadonlyMap<string, string> = new Map([
  [`${JSON_SCHEMA}.additionalItems`, JSON_SCHEMA],
  [`${JSON_SCHEMA}.additionalProperties`, JSON_SCHEMA],
  [`${JSON_SCHEMA}.items`, JSON_SCHEMA],
]);

/** Fields of every kind that Kubernetes' API types hold by value. */
const HALVES: ReadonlySet<string> = new Set(['spec', 'status']);

/** The struct called `name` that `text` notes, with its merge rules. Throws on a text that is not in the notation. */
export function parseDefinition(name: string, text: string): ObjectSchema {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  const fields = fieldsOf(text);
  const isKind = fields.some(([field]) => field === 'kind') && fields.some(([field]) => field === 'metadata');
  for (const [field, isRequired, type] of fields) {
    if (isRequired) required.push(field);
    const path = `${name}.${field}`;
    const schema = parseType(type, path);
    if (EMBEDDED.has(path) || (isKind && HALVES.has(field)))
      properties[field] = { ...schema, embedded: true } as Schema;
    else if (!isRequired && isAbsentWhenEmpty(schema, path))
      properties[field] = { ...schema, omitEmpty: true } as Schema;
    else properties[field] = schema;
  }
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    ...(ATOMIC_DEFINITIONS.has(name) ? { mapType: 'atomic' as const } : {}),
  };
}

/** Whether an optional field's empty value is as good as none. */
function isAbsentWhenEmpty(schema: Schema, path: string): boolean {
  switch (schema.type) {
    case 'string':
      return schema.format === 'byte' || (schema.format === undefined && !EMPTY_IS_SET.has(path));
    case 'integer':
    case 'boolean':
      return ZERO_IS_ABSENT.has(path);
    case 'array':
    case 'map':
      return !EMPTY_LIST_IS_SET.has(path);
    default:
      return false;
  }
}

function fieldsOf(text: string): [field: string, isRequired: boolean, type: string][] {
  return text
    .split(' ')
    .filter((token) => token !== '')
    .map((token) => {
      const colon = token.indexOf(':');
      assert(colon > 0, `schema notation: "${token}" is not field:type`);
      const isRequired = token[colon - 1] === '!';
      return [token.slice(0, isRequired ? colon - 1 : colon), isRequired, token.slice(colon + 1)];
    });
}

/** `path` is the definition and field that the merge rules are looked up by; absent inside a list or map. */
function parseType(type: string, path: string | undefined): Schema {
  const inner = type.slice(1, -1);
  if (type.startsWith('['))
    return { type: 'array', items: parseType(inner, undefined), ...ruleOf(LIST_RULES, path) };
  const structRule = ruleOf(STRUCT_RULES, path);
  if (type.startsWith('{')) {
    const mapType = structRule?.mapType;
    return {
      type: 'map',
      values: parseType(inner, undefined),
      ...(mapType === undefined ? {} : { mapType }),
    };
  }
  const scalar = SCALARS.get(type);
  const objectRef = path === undefined ? undefined : OBJECTS_IN_ANY.get(path);
  if (scalar !== undefined) return objectRef === undefined ? scalar : { ...scalar, objectRef };
  assert(type.includes('/'), `schema notation: "${type}" is neither a scalar nor a definition`);
  return { type: 'ref', ref: type, ...structRule };
}

function ruleOf<R>(rules: Readonly<Record<string, R>>, path: string | undefined): R | undefined {
  return path === undefined ? undefined : rules[path];
}
