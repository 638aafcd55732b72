import { copyJson, equalJson, type MutableJsonObject, setProperty } from '#api/json.ts';
import type { Json } from '#api/object.ts';

type JsonObject = { readonly [key: string]: Json };

/** The JSON merge patch (RFC 7396) that turns one object into another; undefined where they are the same. */
export function mergePatchOf(from: JsonObject, to: JsonObject): JsonObject | undefined {
  const patch: MutableJsonObject = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) setProperty(patch, key, null);
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    if (before !== undefined && equalJson(before, value)) continue;
    const changed = isObject(before) && isObject(value) ? (mergePatchOf(before, value) ?? {}) : value;
    setProperty(patch, key, copyJson(changed));
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
