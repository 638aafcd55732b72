import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { StatusError, type StatusSubject } from '#api/status.ts';
import { storedForm } from '#apiserver/custom/stored-form.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { type EncodedObject, encodeObject } from '#apiserver/stored-object.ts';
import { type Entry, VALUE_BYTES_MAX } from '#store/store.ts';
import { assert } from '#system/assert.ts';

/** The largest object that is kept, in bytes: deleting one, which adds to it, must still fit into the store. */
const OBJECT_BYTES_MAX = VALUE_BYTES_MAX - 4096;

/** Which object, for errors. */
export function subjectOf(type: ResourceType, name: string): StatusSubject {
  return { resource: type.plural, group: type.group, name };
}

/** The object in the form in which it is stored: for nearly every kind, as it is served. */
export async function encodeStored(
  context: RestContext,
  type: ResourceType,
  object: KubeObject,
  served: EncodedObject,
): Promise<EncodedObject> {
  const stored = await storedForm(type, object, context.convert);
  const { value, revisionOffset } = stored === object ? served : encodeWithinLimit(stored);
  return { value, revisionOffset };
}

/** The object in bytes. Throws RequestEntityTooLarge where they are more than can be kept. */
export function encodeWithinLimit(object: KubeObject, managedFields?: string): EncodedObject {
  const encoded = encodeObject(object, managedFields);
  const { length } = encoded.value;
  if (length <= OBJECT_BYTES_MAX) return encoded;
  const message = `the object is ${length} bytes with what the server adds to it; at most ${OBJECT_BYTES_MAX} can be kept`;
  throw new StatusError('RequestEntityTooLarge', message);
}

/** An entry with the revision that the store put into its value. */
export function withRevision(
  encoded: { readonly key: string; readonly value: Uint8Array; readonly revisionOffset: number },
  revision: number,
): Entry {
  const { key, value, revisionOffset } = encoded;
  assert(revisionOffset <= value.length, 'the revision stands inside the value');
  const digits = String(revision);
  const bytes = Buffer.allocUnsafe(value.length + digits.length);
  bytes.set(value.subarray(0, revisionOffset), 0);
  bytes.write(digits, revisionOffset, 'latin1');
  bytes.set(value.subarray(revisionOffset), revisionOffset + digits.length);
  return { key, value: bytes, revision };
}
