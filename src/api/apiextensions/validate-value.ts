/**
 * Values against the structural schema of a custom kind, in the words of Kubernetes' validation. Of an update, what has not
 * changed is not looked at again (validation ratcheting), so that a schema may become stricter while old objects stay.
 */
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { isKnownFormat } from '#api/apiextensions/text-format.ts';
import { checkNumber, checkSize, checkText } from '#api/apiextensions/value-limits.ts';
import { equalJson, isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { type FieldError, fieldErrorMessage } from '#api/status.ts';

/** How many faults of one object are named; more are left out. */
const FAULTS_MAX = 100;

/** What came of a look at one value. */
interface Result {
  readonly errors: FieldError[];
  /** How much of a schema it meets: of several that it misses, the nearest one is told of. */
  matches: number;
}

/** Every fault of a value at `path` (empty for the root), each once; `old` is what stood there before. */
export function validateValue(
  value: Json,
  schema: JSONSchemaProps,
  { path, old }: { readonly path: string; readonly old: Json | undefined },
): FieldError[] {
  const { errors } = visit(value, schema, { path, old });
  const seen = new Set<string>();
  const distinct = errors.filter((error) => {
    const message = fieldErrorMessage(error);
    return !seen.has(message) && seen.add(message);
  });
  return distinct.slice(0, FAULTS_MAX);
}

interface Place {
  readonly path: string;
  readonly old: Json | undefined;
}

function visit(value: Json, schema: JSONSchemaProps, place: Place): Result {
  const result: Result = { errors: [], matches: 0 };
  if (place.old !== undefined && equalJson(value, place.old)) return { errors: [], matches: 1 };
  const typeFault = checkType(value, schema, place.path);
  if (typeFault === undefined) result.matches += 2;
  else result.errors.push(typeFault);
  if (value !== null) {
    merge(result, checkAlternatives(value, schema, place));
    if (typeof value === 'string') result.errors.push(...checkText(value, schema, place.path));
    else if (typeof value === 'number') take(result, checkNumber(value, schema, place.path));
    else if (isJsonArray(value)) merge(result, checkItems(value, schema, place));
  }
  result.errors.push(...checkEnum(value, schema, place.path));
  if (isJsonObject(value)) merge(result, checkFields(value, schema, place));
  result.matches += 2;
  return result;
}

function merge(result: Result, other: Result): void {
  result.errors.push(...other.errors);
  result.matches += other.matches;
}

function take(result: Result, errors: readonly FieldError[]): void {
  result.errors.push(...errors);
  result.matches += 1;
}

/** The JSON type of a value: a whole number is an integer, and a number too. */
function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (isJsonArray(value)) return 'array';
  if (isJsonObject(value)) return 'object';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}

function checkType(value: Json, schema: JSONSchemaProps, path: string): FieldError | undefined {
  const wanted = wantedTypes(schema);
  const type = typeOf(value);
  if (wanted.length === 0 || (value === null && schema.nullable === true)) return undefined;
  if (wanted.includes(type) || (type === 'integer' && wanted.includes('number'))) return undefined;
  const { format = '' } = schema;
  const isFormatted = isKnownFormat(format) && type !== 'string' && type !== 'array' && type !== 'null';
  const [named, found] = isFormatted ? [format, FORMATS_OF_TYPES[type] ?? ''] : [wanted.join(','), type];
  return {
    type: 'TypeInvalid',
    field: fieldOf(path),
    value: found,
    detail: `${path} in body must be of type ${named}: "${found}"`,
  };
}

/** Of a text with a format, Kubernetes tells of formats, not of types. */
const FORMATS_OF_TYPES: Readonly<Record<string, string>> = { integer: 'int64', number: 'double' };

function wantedTypes(schema: JSONSchemaProps): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string'];
  return schema.type === undefined || schema.type === '' ? [] : [schema.type];
}

/** A fault of the whole object has no field in Kubernetes' errors. */
function fieldOf(path: string): string {
  return path === '' ? '<nil>' : path;
}

function checkEnum(value: Json, schema: JSONSchemaProps, path: string): FieldError[] {
  const { enum: allowed } = schema;
  if (allowed === undefined || allowed.length === 0 || allowed.some((each) => equalJson(each, value)))
    return [];
  const supported = allowed.map((each) =>
    JSON.stringify(typeof each === 'string' ? each : JSON.stringify(each)),
  );
  const detail = `supported values: ${supported.join(', ')}`;
  return [{ type: 'NotSupported', field: fieldOf(path), value, detail }];
}

function checkItems(list: readonly Json[], schema: JSONSchemaProps, { path, old }: Place): Result {
  const result: Result = { errors: [], matches: 1 };
  const { items } = schema;
  if (items !== undefined) {
    const before = oldItems(schema, old);
    list.forEach((item, index) => {
      merge(result, visit(item, items, { path: `${path}[${index}]`, old: before(item) }));
    });
  }
  result.errors.push(...checkSize(list.length, schema, { path, unit: 'items' }));
  if (
    schema.uniqueItems === true &&
    list.some((item, index) => list.slice(0, index).some((each) => equalJson(each, item)))
  )
    result.errors.push({
      type: 'Invalid',
      field: fieldOf(path),
      value: '',
      detail: `${path} in body shouldn't contain duplicates`,
    });
  return result;
}

/** What an item was before: only items of keyed lists have a name by which that can be told. */
function oldItems(schema: JSONSchemaProps, old: Json | undefined): (item: Json) => Json | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (schema['x-kubernetes-list-type'] !== 'map' || old === undefined || !isJsonArray(old))
    return () => undefined;
  const keyOf = (item: Json): string =>
    JSON.stringify(keys.map((key) => (isJsonObject(item) ? (propertyOf(item, key) ?? null) : null)));
  const before = new Map(old.map((item) => [keyOf(item), item]));
  return (item) => before.get(keyOf(item));
}

function checkFields(object: JsonObject, schema: JSONSchemaProps, { path, old }: Place): Result {
  const result: Result = { errors: [], matches: 0 };
  const { properties = {}, additionalProperties, required = [] } = schema;
  const before = old !== undefined && isJsonObject(old) ? old : undefined;
  result.errors.push(...checkSize(Object.keys(object).length, schema, { path, unit: 'properties' }));
  for (const [key, value] of Object.entries(object)) {
    const field = propertyOf(properties, key) ?? valuesOf(additionalProperties);
    if (field === undefined) continue;
    const place = {
      path: childPath(path, key),
      old: before === undefined ? undefined : propertyOf(before, key),
    };
    merge(result, visit(value, field, place));
  }
  for (const key of required) {
    if (!Object.hasOwn(object, key))
      result.errors.push({ type: 'Required', field: childPath(path, key), detail: '' });
  }
  if (additionalProperties === false) {
    for (const key of Object.keys(object)) {
      if (Object.hasOwn(properties, key)) continue;
      const detail = `${path}.${key} in body is a forbidden property`;
      result.errors.push({ type: 'Invalid', field: fieldOf(path), value: key, detail });
    }
  }
  return result;
}

function valuesOf(additional: JSONSchemaProps | boolean | undefined): JSONSchemaProps | undefined {
  return typeof additional === 'object' ? additional : undefined;
}

function childPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** `anyOf`, `oneOf`, `allOf` and `not`. */
function checkAlternatives(value: Json, schema: JSONSchemaProps, place: Place): Result {
  const result: Result = { errors: [], matches: 1 };
  const { anyOf = [], oneOf = [], allOf = [], not } = schema;
  // What has not changed may be among what made an alternative fail: it is looked at as if it were new.
  const at = { path: place.path, old: undefined };
  if (anyOf.length > 0) merge(result, checkAnyOf(value, anyOf, at));
  if (oneOf.length > 0) merge(result, checkOneOf(value, oneOf, at));
  if (allOf.length > 0) merge(result, checkAllOf(value, allOf, at));
  if (not !== undefined && visit(value, not, at).errors.length === 0)
    result.errors.push(combination(place.path, 'must not validate the schema (not)'));
  return result;
}

function combination(path: string, text: string): FieldError {
  return { type: 'Invalid', field: '<nil>', value: '', detail: `${JSON.stringify(path)} ${text}` };
}

function checkAnyOf(value: Json, schemas: readonly JSONSchemaProps[], place: Place): Result {
  let best: Result | undefined;
  for (const schema of schemas) {
    const found = visit(value, schema, place);
    if (found.errors.length === 0) return found;
    if (best === undefined || found.matches > best.matches) best = found;
  }
  const result: Result = {
    errors: [combination(place.path, 'must validate at least one schema (anyOf)')],
    matches: 0,
  };
  if (best !== undefined) merge(result, best);
  return result;
}

function checkOneOf(value: Json, schemas: readonly JSONSchemaProps[], place: Place): Result {
  const found = schemas.map((schema) => visit(value, schema, place));
  const valid = found.filter(({ errors }) => errors.length === 0);
  if (valid.length === 1 && valid[0] !== undefined) return valid[0];
  const why = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
  const text = `must validate one and only one schema (oneOf). ${why}`;
  const result: Result = { errors: [combination(place.path, text)], matches: 0 };
  if (valid.length > 0) return result;
  const [first, ...rest] = found;
  if (first === undefined) return result;
  merge(
    result,
    rest.reduce((best, each) => (each.matches > best.matches ? each : best), first),
  );
  return result;
}

function checkAllOf(value: Json, schemas: readonly JSONSchemaProps[], place: Place): Result {
  const result: Result = { errors: [], matches: 0 };
  const found = schemas.map((schema) => visit(value, schema, place));
  for (const each of found) merge(result, each);
  const valid = found.filter(({ errors }) => errors.length === 0).length;
  const why = valid === 0 ? '. None validated' : '';
  if (valid < schemas.length)
    result.errors.push(combination(place.path, `must validate all the schemas (allOf)${why}`));
  return result;
}
