import {
  type CelType,
  DYN,
  type ListCelType,
  type MapCelType,
  type ObjectCelType,
} from '#api/cel/cel-type.ts';
import { parseDate, parseDuration, parseTimestamp } from '#api/cel/time.ts';
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  type CelResult,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  type CelValue,
} from '#api/cel/value.ts';
import { isJsonArray, isJsonObject, type JsonObject, type MutableJson, setProperty } from '#api/json.ts';
import type { Json } from '#api/object.ts';

/**
 * A JSON value as a value of a type; lists and maps are converted as they are looked at. Where the type is `dyn`, a whole
 * number is an int. A value that is not of the type (a CRD that was changed under its objects) is an error when it is used.
 */
export function valueOfJson(json: Json, type: CelType = DYN): CelResult {
  if (json === null) return null;
  if (isJsonArray(json))
    return type.kind === 'list' || type.kind === 'dyn' ? listOf(json, type) : mismatch(type);
  if (isJsonObject(json)) return mapOf(json, type);
  if (typeof json === 'boolean') return type.kind === 'bool' || type.kind === 'dyn' ? json : mismatch(type);
  return typeof json === 'number' ? numberOf(json, type) : textOf(json, type);
}

function mismatch(type: CelType): CelError {
  return new CelError(`invalid data, expected a value of type ${type.kind}`);
}

/**
 * Keeps what a list or map holds of lists and maps, once converted: an expression that looks at one again and again finds its
 * keys listed.
 */
function remembering(convert: (json: Json, type: CelType) => CelResult) {
  const known = new Map<Json, CelResult>();
  return (json: Json, type: CelType): CelResult => {
    if (typeof json !== 'object' || json === null) return convert(json, type);
    const value = known.get(json) ?? convert(json, type);
    known.set(json, value);
    return value;
  };
}

function listOf(json: readonly Json[], type: CelType): CelList {
  const { item = DYN, list } = type.kind === 'list' ? type : ({} as Partial<ListCelType>);
  const convert = remembering(valueOfJson);
  return new CelList(json.length, (index) => convert(json[index] ?? null, item), list);
}

function mapOf(json: JsonObject, type: CelType): CelResult {
  if (type.kind === 'object') return objectOf(json, type);
  if (type.kind !== 'map' && type.kind !== 'dyn') return mismatch(type);
  const { value = DYN } = type.kind === 'map' ? type : ({} as Partial<MapCelType>);
  const convert = remembering(valueOfJson);
  return new CelMap(
    () => Object.keys(json),
    (key) =>
      typeof key === 'string' && Object.hasOwn(json, key) && json[key] !== undefined
        ? convert(json[key], value)
        : undefined,
  );
}

function objectOf(json: JsonObject, type: ObjectCelType): CelMap {
  const convert = remembering(valueOfJson);
  const read = (name: CelValue): CelResult | undefined => {
    const field = typeof name === 'string' ? type.fieldOf(name) : undefined;
    if (field === undefined || !Object.hasOwn(json, field.jsonName)) return undefined;
    const value = json[field.jsonName];
    return value === undefined ? undefined : convert(value, field.type);
  };
  return new CelMap(() => type.namesOf(Object.keys(json)), read, type.name);
}

function numberOf(json: number, type: CelType): CelResult {
  switch (type.kind) {
    case 'dyn':
      return Number.isInteger(json) ? BigInt(json) : json;
    case 'int':
      return Number.isInteger(json) ? BigInt(json) : mismatch(type);
    case 'uint':
      return Number.isInteger(json) && json >= 0 ? new CelUint(BigInt(json)) : mismatch(type);
    case 'double':
      return json;
    default:
      return mismatch(type);
  }
}

function textOf(json: string, type: CelType): CelResult {
  switch (type.kind) {
    case 'dyn':
    case 'string':
      return json;
    case 'bytes':
      return Buffer.from(json, 'base64');
    case 'timestamp': {
      const days = parseDate(json);
      const nanos = days === undefined ? parseTimestamp(json) : BigInt(days) * 86_400_000_000_000n;
      return nanos === undefined ? mismatch(type) : new CelTimestamp(nanos);
    }
    case 'duration': {
      const nanos = parseDuration(json);
      return nanos === undefined ? mismatch(type) : new CelDuration(nanos);
    }
    default:
      return mismatch(type);
  }
}

/** The deepest value that is turned into JSON. */
const JSON_DEPTH_MAX = 128;

/** A value as JSON: what a mutation writes. An error for what JSON cannot say. */
export function jsonOfValue(value: CelValue, depth = 0): MutableJson | CelError {
  if (depth > JSON_DEPTH_MAX) return new CelError('the value is nested too deeply');
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return safeNumber(value);
  if (value instanceof CelUint) return safeNumber(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof CelList) return jsonOfList(value, depth);
  if (value instanceof CelMap) return jsonOfMap(value, depth);
  if (value instanceof CelOptional || value instanceof CelTypeValue)
    return new CelError('unsupported conversion from this type to JSON');
  return new CelError('unsupported conversion to JSON');
}

function safeNumber(value: bigint | number): number | CelError {
  const number = Number(value);
  return Number.isFinite(number)
    ? number
    : new CelError('a number that is not finite cannot be written as JSON');
}

function jsonOfList(list: CelList, depth: number): MutableJson | CelError {
  const items: MutableJson[] = [];
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    const json = item instanceof CelError ? item : jsonOfValue(item, depth + 1);
    if (json instanceof CelError) return json;
    items.push(json);
  }
  return items;
}

function jsonOfMap(map: CelMap, depth: number): MutableJson | CelError {
  const object: { [key: string]: MutableJson } = {};
  for (const key of map.keys) {
    if (typeof key !== 'string') return new CelError('a key that is not a string cannot be written as JSON');
    const value = map.get(key);
    if (value === undefined) continue;
    const json = value instanceof CelError ? value : jsonOfValue(value, depth + 1);
    if (json instanceof CelError) return json;
    setProperty(object, key, json);
  }
  return object;
}
