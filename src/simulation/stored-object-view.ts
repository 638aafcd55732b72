import type { KubeObject } from '#api/object.ts';
import { kindPrefix } from '#apiserver/stored-object.ts';

/** `namespace/name` of a key of this kind, or undefined for a key of any other. */
export function nameOfStoreKey(type: { group: string; plural: string }, key: string): string | undefined {
  const prefix = kindPrefix(type);
  return key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
}

/** The object in stored bytes; its resourceVersion may be missing, as it is before the commit. */
export function storedObject<T extends KubeObject>(value: Uint8Array): T {
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')) as T;
}
