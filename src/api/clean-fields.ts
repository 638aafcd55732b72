import { isOmitted } from '#api/empty-values.ts';
import { JSON_DEPTH_MAX } from '#api/json.ts';
import { canonicalQuantity, readQuantity } from '#api/quantity.ts';
import type { MapSchema, ObjectSchema, ScalarSchema, Schema, SchemaSet } from '#api/schema.ts';
import { parseTimestamp } from '#system/clock.ts';

/** Whether a value is as its schema has it; `depth` is how deep it lies. */
type CleanCheck = (value: unknown, depth: number) => boolean;

/** The largest number of an `int32` field. */
const INT32_MAX = 2 ** 31 - 1;

/** Base64 with all its padding. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const CANONICAL_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const MICRO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

/** Quantities that are known to be canonical: few texts stand in nearly all objects. More than this are not kept. */
const QUANTITIES_MAX = 1024;
const canonicalQuantities = new Set<string>();

/** By set, then by schema: a schema's check is made once and kept as long as the schema. */
const checksOfSet = new WeakMap<SchemaSet, WeakMap<Schema, CleanCheck>>();

/**
 * Whether `checkFields` would find nothing in a decoded body: no unknown or null field, no value of a wrong type or in
 * another than the canonical form. True is certain; a false one is for `checkFields` to explain. Most bodies are clean, and
 * this looks at each value once, without naming its place.
 */
export function isClean(object: unknown, schema: Schema, schemas: SchemaSet): boolean {
  return checkOf(schema, schemas)(object, 0);
}

function checkOf(schema: Schema, schemas: SchemaSet): CleanCheck {
  const checks = checksOfSet.get(schemas) ?? new WeakMap<Schema, CleanCheck>();
  checksOfSet.set(schemas, checks);
  const resolved = schemas.resolve(schema);
  const known = checks.get(resolved);
  if (known !== undefined) return known;
  const check = makeCheck(resolved, schemas);
  checks.set(resolved, check);
  return check;
}

function makeCheck(schema: Exclude<Schema, { type: 'ref' }>, schemas: SchemaSet): CleanCheck {
  switch (schema.type) {
    case 'object':
      return structCheck(schema, schemas);
    case 'map':
      return mapCheck(schema, schemas);
    case 'array': {
      const { items } = schema;
      return (value, depth) => Array.isArray(value) && areItemsClean(value, checkOf(items, schemas), depth);
    }
    default:
      return scalarCheck(schema, schemas);
  }
}

/** Anything, but for an object that has a definition. */
function anyCheck({ objectRef }: ScalarSchema, schemas: SchemaSet): CleanCheck {
  if (objectRef === undefined) return () => true;
  return (value, depth) =>
    typeof value !== 'object' ||
    Array.isArray(value) ||
    checkOf({ type: 'ref', ref: objectRef }, schemas)(value, depth);
}

function areItemsClean(items: readonly unknown[], check: CleanCheck, depth: number): boolean {
  if (depth >= JSON_DEPTH_MAX) return false;
  for (const item of items) if (!check(item, depth + 1)) return false;
  return true;
}

interface FieldCheck {
  readonly check: CleanCheck;
  /** Whose empty value would be dropped; undefined for a field whose is not. */
  readonly omittable: Schema | undefined;
}

function fieldCheck(schema: Schema, schemas: SchemaSet): FieldCheck {
  return {
    check: checkOf(schema, schemas),
    omittable: 'omitEmpty' in schema ? schema : undefined,
  };
}

function structCheck(schema: ObjectSchema, schemas: SchemaSet): CleanCheck {
  const fields = new Map<string, FieldCheck>();
  const fieldOf = (name: string): FieldCheck | undefined => {
    const known = fields.get(name);
    if (known !== undefined || !Object.hasOwn(schema.properties, name)) return known;
    const field = fieldCheck(schema.properties[name] ?? { type: 'any' }, schemas);
    fields.set(name, field);
    return field;
  };
  return (value, depth) => areFieldsClean(value, fieldOf, depth);
}

function mapCheck(schema: MapSchema, schemas: SchemaSet): CleanCheck {
  let values: FieldCheck | undefined;
  const valueOf = (): FieldCheck => {
    values ??= fieldCheck(schema.values, schemas);
    return values;
  };
  return (value, depth) => areFieldsClean(value, valueOf, depth);
}

function areFieldsClean(
  value: unknown,
  fieldOf: (name: string) => FieldCheck | undefined,
  depth: number,
): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth >= JSON_DEPTH_MAX)
    return false;
  const object = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(object)) {
    const item = object[name];
    const field = fieldOf(name);
    if (field === undefined || item === null || item === undefined) return false;
    if (field.omittable !== undefined && isOmitted(item, field.omittable)) return false;
    if (!field.check(item, depth + 1)) return false;
  }
  return true;
}

function scalarCheck(schema: ScalarSchema, schemas: SchemaSet): CleanCheck {
  switch (schema.type) {
    case 'any':
      return anyCheck(schema, schemas);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'integer':
      return schema.format === 'int32' ? isInt32 : (value) => Number.isSafeInteger(value);
    case 'number':
      return (value) => typeof value === 'number';
    case 'intOrString':
      return (value) => typeof value === 'string' || isInt32(value);
    case 'quantity':
      return isCanonicalQuantity;
    case 'string':
      return textCheck(schema.format);
  }
}

function isInt32(value: unknown): boolean {
  return (
    typeof value === 'number' && Number.isSafeInteger(value) && value <= INT32_MAX && value >= -INT32_MAX - 1
  );
}

function textCheck(format: string | undefined): CleanCheck {
  switch (format) {
    case 'byte':
      return (value) => typeof value === 'string' && BASE64.test(value);
    case 'date-time':
      return (value) => isTime(value, CANONICAL_TIME);
    case 'micro-time':
      return (value) => isTime(value, MICRO_TIME);
    default:
      return (value) => typeof value === 'string';
  }
}

function isTime(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value) && parseTimestamp(value) !== undefined;
}

function isCanonicalQuantity(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (canonicalQuantities.has(value)) return true;
  if (readQuantity(value) === undefined || canonicalQuantity(value) !== value) return false;
  if (canonicalQuantities.size < QUANTITIES_MAX) canonicalQuantities.add(value);
  return true;
}
