import { isClean } from '#api/clean-fields.ts';
import { isOmitted } from '#api/empty-values.ts';
import { isMutableObject, JSON_DEPTH_MAX, type MutableJson, type MutableJsonObject } from '#api/json.ts';
import { canonicalQuantity, readQuantity } from '#api/quantity.ts';
import type { ObjectSchema, ScalarSchema, Schema, SchemaSet } from '#api/schema.ts';
import { badRequest, type StatusError } from '#api/status.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

/** How many wrong values, and how many unknown fields, are named in one answer; more are left out. */
const REPORTED_FIELDS_MAX = 20;
/** The longest text of a wrong value in a message, in characters; a longer one is cut. */
const QUOTED_CHARS_MAX = 100;

/** The largest number of an `int32` field; a larger one is of the wrong type. */
const INT32_MAX = 2 ** 31 - 1;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
const CANONICAL_TIME = /^[^.]{19}Z$/;

/** Where an object's schema is, and what to call it in messages. */
export interface FieldCheck {
  readonly schemas: SchemaSet;
  readonly schema: Schema;
  readonly kind: string;
  readonly version: string;
  /**
   * The object is a configuration to apply: empty values stay, since whoever applies them owns the fields, and so do unknown
   * fields, which apply refuses.
   */
  readonly isApplied?: true;
}

/**
 * Makes a decoded body an object of its schema, in place: nulls, unknown fields and empty values that are as good as absent are
 * dropped, quantities and times rewritten in their canonical form. Null in a map of texts is the empty text. Returns the paths
 * of the unknown fields (the first 20). Throws BadRequest on a value of the wrong type, and on nesting beyond
 * {@link JSON_DEPTH_MAX}.
 */
export function checkFields(object: MutableJson, check: FieldCheck): string[] {
  if (isClean(object, check.schema, check.schemas)) return [];
  const { schemas, isApplied = false } = check;
  const walk: Walk = { schemas, isApplied, unknown: [], wrong: [] };
  visit(object, check.schema, { walk, path: '', depth: 0 });
  if (walk.wrong.length > 0) throw wrongTypes(check, walk.wrong);
  return walk.unknown;
}

/** `unknown field "spec.replica"`: one warning. */
export function unknownFieldWarning(path: string): string {
  return `unknown field "${path}"`;
}

/** `duplicate field "spec.replicas"`: one warning. */
export function duplicateFieldWarning(path: string): string {
  return `duplicate field "${path}"`;
}

/** 400 for `fieldValidation=Strict`: `strict decoding error: unknown field "spec.a", unknown field "spec.b"`. */
export function strictDecodingError(
  { kind, version }: { kind: string; version: string },
  warnings: readonly string[],
): StatusError {
  return badRequest(
    `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${warnings.join(', ')}`,
  );
}

interface Walk {
  readonly schemas: SchemaSet;
  readonly isApplied: boolean;
  readonly unknown: string[];
  readonly wrong: string[];
}

interface Place {
  readonly walk: Walk;
  readonly path: string;
  readonly depth: number;
}

/** The value in its canonical form. */
function visit(value: MutableJson, schema: Schema, place: Place): MutableJson {
  if (place.depth > JSON_DEPTH_MAX) throw badRequest(`the object nests deeper than ${JSON_DEPTH_MAX} levels`);
  const resolved = place.walk.schemas.resolve(schema);
  switch (resolved.type) {
    case 'object':
      if (!isMutableObject(value)) return wrong(value, 'object', place);
      visitStruct(value, resolved, place);
      return value;
    case 'map':
      if (!isMutableObject(value)) return wrong(value, 'object', place);
      if (resolved.values.type === 'string') fillNulls(value);
      visitEntries(value, place, (key) => ({ schema: resolved.values, path: `${place.path}[${key}]` }));
      return value;
    case 'array':
      if (!Array.isArray(value)) return wrong(value, 'array', place);
      value.forEach((item, index) => {
        value[index] = visit(item, resolved.items, below(place, `${place.path}[${index}]`));
      });
      return value;
    default:
      return visitScalar(value, resolved, place);
  }
}

/** Null in a map of texts is the empty text, as a decoder of Go has it. */
function fillNulls(texts: MutableJsonObject): void {
  for (const key of Object.keys(texts)) texts[key] ??= '';
}

function visitStruct(object: MutableJsonObject, schema: ObjectSchema, place: Place): void {
  visitEntries(object, place, (key) => {
    const path = place.path === '' ? key : `${place.path}.${key}`;
    if (Object.hasOwn(schema.properties, key))
      return { schema: schema.properties[key] ?? { type: 'any' }, path };
    if (schema.preserveUnknown === true || place.walk.isApplied) return { schema: { type: 'any' }, path };
    if (place.walk.unknown.length < REPORTED_FIELDS_MAX) place.walk.unknown.push(path);
    return undefined;
  });
}

/** Visits each entry by the schema that `schemaOf` gives it; drops it where that is undefined or the value is null. */
function visitEntries(
  object: MutableJsonObject,
  place: Place,
  schemaOf: (key: string) => { schema: Schema; path: string } | undefined,
): void {
  for (const key of Object.keys(object)) {
    const known = schemaOf(key);
    const value = object[key];
    if (known === undefined || value === null || value === undefined) {
      delete object[key];
      continue;
    }
    if (!place.walk.isApplied && isOmitted(value, known.schema)) {
      delete object[key];
      continue;
    }
    const checked = visit(value, known.schema, below(place, known.path));
    if (checked !== value) object[key] = checked;
  }
}

function below({ walk, depth }: Place, path: string): Place {
  return { walk, path, depth: depth + 1 };
}

function visitScalar(value: MutableJson, schema: ScalarSchema, place: Place): MutableJson {
  switch (schema.type) {
    case 'any':
      if (schema.objectRef === undefined || !isMutableObject(value)) return value;
      return visit(value, { type: 'ref', ref: schema.objectRef }, place);
    case 'boolean':
      return typeof value === 'boolean' ? value : wrong(value, 'boolean', place);
    case 'integer':
      return isInteger(value, schema.format) ? value : wrong(value, schema.format ?? 'integer', place);
    case 'number':
      return typeof value === 'number' ? value : wrong(value, 'number', place);
    case 'intOrString':
      return typeof value === 'string' || isInteger(value, 'int32')
        ? value
        : wrong(value, 'integer or string', place);
    case 'quantity':
      return visitQuantity(value, place);
    case 'string':
      return typeof value === 'string'
        ? visitText(value, schema.format, place)
        : wrong(value, 'string', place);
  }
}

function isInteger(value: MutableJson, format: string | undefined): boolean {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return false;
  return format !== 'int32' || (value <= INT32_MAX && value >= -INT32_MAX - 1);
}

function visitQuantity(value: MutableJson, place: Place): MutableJson {
  const isQuantity =
    (typeof value === 'string' || typeof value === 'number') && readQuantity(value) !== undefined;
  return isQuantity ? canonicalQuantity(value) : wrong(value, 'quantity', place);
}

function visitText(value: string, format: string | undefined, place: Place): MutableJson {
  switch (format) {
    case 'byte':
      return value.length % 4 === 0 && BASE64.test(value) ? value : wrong(value, 'base64', place);
    case 'date-time':
      return visitTime(value, place);
    case 'micro-time':
      return RFC3339.test(value) && parseTimestamp(value) !== undefined
        ? value
        : wrong(value, 'RFC 3339 time', place);
    default:
      return value;
  }
}

function visitTime(value: string, place: Place): MutableJson {
  const ms = RFC3339.test(value) ? parseTimestamp(value) : undefined;
  if (ms === undefined) return wrong(value, 'RFC 3339 time', place);
  return CANONICAL_TIME.test(value) ? value : timestamp(ms);
}

function wrong(value: MutableJson, expected: string, { walk, path }: Place): MutableJson {
  if (walk.wrong.length < REPORTED_FIELDS_MAX) {
    walk.wrong.push(`${path === '' ? 'body' : path}: expected ${expected}, got ${describeValue(value)}`);
  }
  return value;
}

/** `string "x"`, `number 1.5`, `array`. */
function describeValue(value: MutableJson): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return `${typeof value} ${JSON.stringify(value).slice(0, QUOTED_CHARS_MAX)}`;
  return Array.isArray(value) ? 'array' : 'object';
}

function wrongTypes({ kind, version }: FieldCheck, reasons: readonly string[]): StatusError {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${reasons.join('; ')}`);
}
