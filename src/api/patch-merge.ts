import {
  copyJson,
  copyObject,
  isJsonObject,
  isMutableObject,
  type JsonObject,
  type MutableJsonObject,
  setProperty,
} from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { badRequest } from '#api/status.ts';

/**
 * Applies a JSON merge patch (RFC 7396): objects are merged, null removes, everything else replaces. The result shares
 * nothing with its inputs. Throws BadRequest where the patch is not an object.
 */
export function applyMergePatch(object: JsonObject, patch: Json): MutableJsonObject {
  if (!isJsonObject(patch)) throw badRequest('error decoding patch: a merge patch must be a JSON object');
  const result = copyObject(object);
  mergeInto(result, patch);
  return result;
}

function mergeInto(target: MutableJsonObject, patch: JsonObject): void {
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null || value === undefined) {
      delete target[key];
    } else if (isJsonObject(value)) {
      const current = Object.hasOwn(target, key) ? target[key] : undefined;
      const merged = isMutableObject(current) ? current : {};
      mergeInto(merged, value);
      setProperty(target, key, merged);
    } else {
      setProperty(target, key, copyJson(value));
    }
  }
}
