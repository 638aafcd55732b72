import { isDeepStrictEqual } from 'node:util';
import type { CustomKind } from '#api/apiextensions/custom-kind.ts';
import { defaultObject } from '#api/apiextensions/default-object.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { pruneObject } from '#api/apiextensions/prune-object.ts';
import type { MutableJsonObject } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType, type StoredVersion } from '#api/resource.ts';
import { utf8 } from '#apiserver/request.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import type { Entry } from '#store/store.ts';

/** How objects get from one version of a custom kind into another. */
export type Convert = (
  objects: readonly KubeObject[],
  type: ResourceType,
  apiVersion: string,
) => Promise<KubeObject[]>;

/** What is served of each stored value, by the kind's state and then by the value: most are asked for again and again. */
const served = new WeakMap<CustomKind, WeakMap<Uint8Array, Uint8Array>>();

/**
 * Stored entries as objects of the version asked for, pruned and defaulted as its schema says today. What was written in this
 * version since the definition last changed is that already, and is served as the bytes that it is: so are all built-in kinds.
 */
export async function servedEntries(
  type: ResourceType,
  entries: readonly Entry[],
  convert: Convert,
): Promise<readonly Entry[]> {
  const { custom, storedAs } = type;
  if (storedAs !== undefined) return entries.map((entry) => fromStored(entry, storedAs));
  if (custom === undefined) return entries;
  const cache = cacheOf(custom);
  const isCurrent = currentCheck(type, custom);
  const stale = entries.filter((entry) => !isCurrent(entry) && !cache.has(entry.value));
  if (stale.length > 0) {
    const objects = stale.map(({ value }) => decodeObject(value));
    const converted = await convert(objects, type, apiVersionOf(type));
    converted.forEach((object, index) => {
      const { value } = stale[index] as Entry;
      const isSame = isDeepStrictEqual(shaped(object, custom.schema), decodeObject(value));
      cache.set(value, isSame ? value : utf8(JSON.stringify(object)));
    });
  }
  return entries.map((entry) => {
    const value = isCurrent(entry) ? entry.value : (cache.get(entry.value) ?? entry.value);
    return value === entry.value ? entry : { ...entry, value };
  });
}

/** What is served of a stored value of a built-in kind, by version: made once for all who ask. */
const fromOther = new WeakMap<StoredVersion, WeakMap<Uint8Array, Uint8Array>>();

function fromStored(entry: Entry, storedAs: StoredVersion): Entry {
  const cache = fromOther.get(storedAs) ?? new WeakMap<Uint8Array, Uint8Array>();
  fromOther.set(storedAs, cache);
  const known = cache.get(entry.value);
  if (known !== undefined) return { ...entry, value: known };
  const value = utf8(JSON.stringify(storedAs.fromStored(decodeObject(entry.value))));
  cache.set(entry.value, value);
  return { ...entry, value };
}

/** One stored entry, as {@link servedEntries}. */
export async function servedEntry(type: ResourceType, entry: Entry, convert: Convert): Promise<Entry> {
  if (type.storedAs !== undefined) return fromStored(entry, type.storedAs);
  if (type.custom === undefined) return entry;
  const [served_] = await servedEntries(type, [entry], convert);
  return served_ ?? entry;
}

/** The form in which an object of a kind is stored: the object itself where it has that form. */
export async function storedForm(
  type: ResourceType,
  object: KubeObject,
  convert: Convert,
): Promise<KubeObject> {
  const { custom, storedAs } = type;
  if (storedAs !== undefined) return storedAs.toStored(object);
  if (custom === undefined || custom.storage.apiVersion === object.apiVersion) return object;
  const [converted] = await convert([structuredClone(object)], type, custom.storage.apiVersion);
  return shaped(converted ?? object, custom.storage.schema);
}

/** Whether a stored value is in the form in which its kind is stored today: else a write that changes nothing is one. */
export function hasStorageVersion(type: ResourceType, value: Uint8Array): boolean {
  return type.custom === undefined || startsWith(value, headOf(type.custom.storage.apiVersion));
}

function cacheOf(custom: CustomKind): WeakMap<Uint8Array, Uint8Array> {
  const known = served.get(custom);
  if (known !== undefined) return known;
  const made = new WeakMap<Uint8Array, Uint8Array>();
  served.set(custom, made);
  return made;
}

function currentCheck(type: ResourceType, custom: CustomKind): (entry: Entry) => boolean {
  const head = headOf(apiVersionOf(type));
  return ({ value, revision }) => revision > custom.sinceRevision && startsWith(value, head);
}

/** How every stored value of a version begins. */
function headOf(apiVersion: string): Uint8Array {
  return utf8(`{"apiVersion":${JSON.stringify(apiVersion)},`);
}

function startsWith(value: Uint8Array, head: Uint8Array): boolean {
  return Buffer.compare(value.subarray(0, head.length), head) === 0;
}

function shaped(object: KubeObject, schema: JSONSchemaProps): KubeObject {
  const fields = object as unknown as MutableJsonObject;
  pruneObject(fields, schema);
  defaultObject(fields, schema);
  return object;
}
