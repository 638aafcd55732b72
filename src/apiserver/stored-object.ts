import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { utf8 } from '#apiserver/request.ts';

const decoder = new TextDecoder();

/** An object as the bytes that the store keeps and the API serves, with the place where its resourceVersion goes. */
export interface EncodedObject {
  readonly value: Uint8Array;
  readonly revisionOffset: number;
}

/**
 * Encodes with `metadata.resourceVersion` left out: the store puts the revision of the commit in, so that stored bytes are
 * served as they are.
 */
export function encodeObject(object: KubeObject): EncodedObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, ...otherMetadata } = metadata;
  const head = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{"resourceVersion":"`;
  const tail = JSON.stringify(otherMetadata).slice(1);
  const body = JSON.stringify(rest);
  const text = `${head}",${tail}${body === '{}' ? '}' : `,${body.slice(1)}`}`;
  return { value: utf8(text), revisionOffset: head.length };
}

/** The object in stored or served bytes. */
export function decodeObject<T extends KubeObject>(value: Uint8Array): T {
  return JSON.parse(decoder.decode(value)) as T;
}

/** `/registry/apps/deployments/`: all objects of a kind. */
export function kindPrefix(type: { group: string; plural: string }): string {
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
