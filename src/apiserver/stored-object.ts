import type { KubeObject, ObjectMeta } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { utf8 } from '#apiserver/request.ts';
import type { CheckOperation } from '#store/store.ts';

const decoder = new TextDecoder();

/** An object as the bytes that the store keeps and the API serves, with the place where its resourceVersion goes. */
export interface EncodedObject {
  readonly value: Uint8Array;
  readonly revisionOffset: number;
}

/**
 * Encodes with `metadata.resourceVersion` left out: the store puts the revision of the commit in, so that stored bytes are
 * served as they are. `managedFields` is their text where the object itself does not hold them. They come last in the
 * metadata, so that a reader who does not want them finds all else before.
 */
export function encodeObject(object: KubeObject, managedFields?: string): EncodedObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const head = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{"resourceVersion":"`;
  const managers = managedFields ?? JSON.stringify(metadata.managedFields);
  const others = JSON.stringify(plainMetadata(metadata));
  const metadataTail = managers === undefined ? others.slice(1) : withManagers(others, managers);
  const body = JSON.stringify(rest);
  const text = `${head}",${metadataTail}${body === '{}' ? '}' : `,${body.slice(1)}`}`;
  return { value: utf8(text), revisionOffset: head.length };
}

/** Everything but what stands in the text apart. Managers are not even looked at: that may cost a parse. */
function plainMetadata(metadata: ObjectMeta): Record<string, unknown> {
  const fields = metadata as unknown as Readonly<Record<string, unknown>>;
  const plain: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    if (name !== 'resourceVersion' && name !== 'managedFields') plain[name] = fields[name];
  }
  return plain;
}

/** The text of metadata without its opening brace, managers last. */
function withManagers(metadata: string, managers: string): string {
  return `${metadata.slice(1, -1)},"managedFields":${managers}}`;
}

/** The object in stored or served bytes. */
export function decodeObject<T extends KubeObject>(value: Uint8Array): T {
  return JSON.parse(decoder.decode(value)) as T;
}

/** `/registry/apps/deployments/`: all objects of a kind. */
export function kindPrefix(type: Pick<ResourceType, 'group' | 'plural' | 'storedAs'>): string {
  if (type.storedAs !== undefined) return kindPrefix(type.storedAs.type);
  return `/registry/${type.group === '' ? 'core' : type.group}/${type.plural}/`;
}

/** The prefix of a list: a kind, or a kind in one namespace. */
export function listPrefix(type: ResourceType, namespace: string | undefined): string {
  return namespace === undefined || !type.namespaced ? kindPrefix(type) : `${kindPrefix(type)}${namespace}/`;
}

/** The key of one object. */
export function objectStoreKey(
  type: ResourceType,
  name: { namespace?: string | undefined; name: string },
): string {
  return `${listPrefix(type, name.namespace)}${name.name}`;
}

/** Lets a commit through only where `object` is still as it was read. */
export function checkUnchanged(type: ResourceType, object: KubeObject): CheckOperation {
  const precondition = { type: 'revision', revision: Number(object.metadata.resourceVersion) } as const;
  return { type: 'check', key: objectStoreKey(type, object.metadata), precondition };
}
