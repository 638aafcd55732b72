import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type MutableJson,
  type MutableJsonObject,
  propertyOf,
  setProperty,
} from '#api/json.ts';
import type { Json } from '#api/object.ts';

/** `$patch: replace | delete | merge` in an object or in an element of a list. */
export const DIRECTIVE = '$patch';
/** `$retainKeys: [name, …]` in an object: the only fields that it keeps. */
export const RETAIN_KEYS = '$retainKeys';
/** `$deleteFromPrimitiveList/<list>: [value, …]` beside a list of scalars. */
export const DELETE_PREFIX = '$deleteFromPrimitiveList/';
/** `$setElementOrder/<list>: [element, …]` beside a list. */
export const ORDER_PREFIX = '$setElementOrder/';

/** A value that the patch brings where there was none: without nulls and directives. */
export function introduce(value: Json): MutableJson {
  if (isJsonArray(value)) return introduceList(value);
  return isJsonObject(value) ? introduceObject(value) : value;
}

/** As {@link introduce}, for a list. */
export function introduceList(list: readonly Json[]): MutableJson[] {
  return list.filter((element) => !isDirective(element)).map(introduce);
}

/** Whether an element of a new list only says what to do: there is nothing to delete or replace yet. */
function isDirective(element: Json): boolean {
  const directive = isJsonObject(element) ? propertyOf(element, DIRECTIVE) : undefined;
  return directive === 'delete' || directive === 'replace';
}

/** As {@link introduce}, for an object. */
export function introduceObject(object: JsonObject): MutableJsonObject {
  const result: MutableJsonObject = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined || value === null || key === DIRECTIVE || key === RETAIN_KEYS) continue;
    if (key.startsWith(ORDER_PREFIX) || key.startsWith(DELETE_PREFIX)) continue;
    if (isJsonObject(value) && propertyOf(value, DIRECTIVE) === 'delete') continue;
    setProperty(result, key, introduce(value));
  }
  return result;
}
