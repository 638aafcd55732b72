import type { Json } from '#api/object.ts';

/** A JSON object. Keys are data: `__proto__` is a key like any other. */
export type JsonObject = { readonly [key: string]: Json };

/** A JSON value under construction: owned by one function, shared with nobody. */
export type MutableJson = null | boolean | number | string | MutableJson[] | MutableJsonObject;
export interface MutableJsonObject {
  [key: string]: MutableJson;
}

/** Whether a value is a JSON object, not an array or null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As {@link isJsonObject}, for values under construction. */
export function isMutableObject(value: MutableJson | undefined): value is MutableJsonObject {
  return isJsonObject(value);
}

/** Whether a value is a JSON array. `Array.isArray` alone loses the element type of a readonly array. */
export function isJsonArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** An own property; never one inherited from the prototype. */
export function propertyOf<T>(object: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets an own property, also one that is named `__proto__`. */
export function setProperty(object: MutableJsonObject, key: string, value: MutableJson): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** A copy that shares nothing with its source. Properties that are undefined are left out, as JSON does. */
export function copyJson(value: Json): MutableJson {
  if (isJsonArray(value)) return value.map(copyJson);
  if (isJsonObject(value)) return copyObject(value);
  return value;
}

/** As {@link copyJson}, for an object. */
export function copyObject(object: JsonObject): MutableJsonObject {
  const copy: MutableJsonObject = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value !== undefined) setProperty(copy, key, copyJson(value));
  }
  return copy;
}

/** Deep equality; the order of keys does not matter, and an undefined property is an absent one. */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isJsonArray(a) && isJsonArray(b)) {
    return a.length === b.length && a.every((item, index) => equalJson(item, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = definedKeys(a);
  return (
    keys.length === definedKeys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key], b[key]))
  );
}

function definedKeys(object: JsonObject): string[] {
  return Object.keys(object).filter((key) => object[key] !== undefined);
}

/** The deepest nesting of arrays and objects that the API accepts, so that recursion over an accepted value is safe. */
export const JSON_DEPTH_MAX = 512;

/** Whether a value nests deeper than {@link JSON_DEPTH_MAX}; itself without recursion. */
export function isTooDeep(value: Json): boolean {
  let level: Json[] = [value];
  for (let depth = 0; depth <= JSON_DEPTH_MAX; depth += 1) {
    level = level
      .filter((item) => typeof item === 'object' && item !== null)
      .flatMap((item) => Object.values(item));
    if (level.length === 0) return false;
  }
  return true;
}

/** A scalar as a key of a Map: `1` and `"1"` are two. */
export function scalarKey(value: Json): string {
  return JSON.stringify(value);
}
