import type { Draft, KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import {
  isStatus,
  isStatusReason,
  STATUS_CODES,
  type Status,
  StatusError,
  type StatusReason,
} from '#api/status.ts';
import { makeLazy } from '#client/lazy-object.ts';
import { readBody, type Transport, type TransportRequest } from '#client/transport.ts';
import { decodeWatchLines, type WatchEvent } from '#client/watch-lines.ts';

/** Which object: the namespace is absent for cluster-scoped kinds. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ListScope {
  /** One namespace; all of them where absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only `metadata` of each object (`meta/v1.PartialObjectMetadata`), under the kind's own apiVersion and kind. */
  readonly metadataOnly?: boolean;
  /**
   * For whoever keeps many objects and looks into few: without `managedFields`, where the server can leave them out, and
   * parsed beyond their metadata only when looked at (see lazy-object.ts).
   */
  readonly lazy?: boolean;
}

export interface WriteOptions {
  /** Who owns the written fields; the client's own name where absent. */
  readonly fieldManager?: string;
}

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

/** How a patch is to be read. */
export type PatchType = 'merge' | 'strategic' | 'json' | 'apply';

const PATCH_CONTENT_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** What a bookmark or an object event says: everything up to `resourceVersion` has been delivered. */
export type { WatchEvent } from '#client/watch-lines.ts';

/**
 * Typed access to an API server. Every failure that the server states is a {@link StatusError}; anything else (no answer,
 * a broken stream) is an ordinary Error.
 */
export interface Client {
  get<T extends KubeObject>(type: ResourceType<T>, name: ObjectName): Promise<T>;
  /** As `get`, but undefined where there is none. */
  find<T extends KubeObject>(type: ResourceType<T>, name: ObjectName): Promise<T | undefined>;
  list<T extends KubeObject>(
    type: ResourceType<T>,
    scope?: ListScope,
  ): Promise<{ items: T[]; resourceVersion: string }>;
  /** Changes after `resourceVersion`. Ends when the server closes the stream; throws StatusError Expired on 410. */
  watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListScope & { resourceVersion: string; signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>, options?: WriteOptions): Promise<T>;
  /** Replaces the object; its `metadata.resourceVersion`, where present, must be the current one. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    name: ObjectName,
    options: WriteOptions & { patchType: PatchType; patch: unknown; subresource?: string; force?: boolean },
  ): Promise<T>;
  /**
   * Deletes; the answer is the object with its deletionTimestamp where it lives on for now, or as it was last. Undefined where
   * the server says no more than that it is gone.
   */
  delete<T extends KubeObject>(
    type: ResourceType<T>,
    name: ObjectName,
    options?: DeleteOptions,
  ): Promise<T | undefined>;
  /** POSTs to a subresource (`binding`, `eviction`, `token`). */
  createSubresource<T extends KubeObject>(
    type: ResourceType<T>,
    name: ObjectName,
    options: { subresource: string; body: unknown },
  ): Promise<unknown>;
  /** Drops the `kubernetes` finalizer of a namespace's spec; Conflict while the namespace has content. */
  finalize<T extends KubeObject>(type: ResourceType<T>, name: ObjectName): Promise<T>;
  /** Any request, for what has no typed form; the answer's JSON. */
  raw(request: TransportRequest): Promise<unknown>;
}

/** A client over `transport`; `name` is its field manager. */
export function createClient(transport: Transport, options: { name: string }): Client {
  const send = (request: TransportRequest): Promise<unknown> => requestJson(transport, request);
  const writeQuery = (write: WriteOptions | undefined): Record<string, string | undefined> => ({
    fieldManager: write?.fieldManager ?? options.name,
  });

  const client: Client = {
    get: async <T extends KubeObject>(type: ResourceType<T>, name: ObjectName) =>
      (await send({ method: 'GET', path: objectPath(type, name) })) as T,

    async find(type, name) {
      try {
        return await client.get(type, name);
      } catch (error) {
        if (isStatus(error, 'NotFound')) return undefined;
        throw error;
      }
    },

    async list<T extends KubeObject>(type: ResourceType<T>, scope: ListScope = {}) {
      const path = withQuery(collectionPath(type, scope.namespace), selectorQuery(scope));
      const answer = (await send({ method: 'GET', path, ...acceptOf(scope) })) as {
        items: T[];
        metadata: { resourceVersion: string };
      };
      for (const item of answer.items) {
        nameKind(item, type, scope);
      }
      const isLazy = scope.lazy === true && scope.metadataOnly !== true;
      const items = isLazy ? answer.items.map(makeLazy) : answer.items;
      return { items, resourceVersion: answer.metadata.resourceVersion };
    },

    async *watch<T extends KubeObject>(
      type: ResourceType<T>,
      scope: ListScope & { resourceVersion: string; signal: AbortSignal },
    ) {
      const path = withQuery(collectionPath(type, scope.namespace), {
        ...selectorQuery(scope),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: scope.resourceVersion,
      });
      const request = { method: 'GET' as const, path, signal: scope.signal, ...acceptOf(scope) };
      const response = await transport.request(request);
      if (response.status !== 200) throw statusErrorOf(response.status, await readBody(response));
      for await (const event of decodeWatchLines<T>(response.body, scope)) {
        if (event.type !== 'BOOKMARK') nameKind(event.object, type, scope);
        yield event;
      }
    },

    create: async <T extends KubeObject>(type: ResourceType<T>, object: Draft<T>, write?: WriteOptions) =>
      (await send({
        method: 'POST',
        path: withQuery(collectionPath(type, object.metadata.namespace), writeQuery(write)),
        ...jsonBody(object),
      })) as T,

    update: async <T extends KubeObject>(type: ResourceType<T>, object: T, write?: WriteOptions) =>
      (await send({
        method: 'PUT',
        path: withQuery(objectPath(type, object.metadata), writeQuery(write)),
        ...jsonBody(object),
      })) as T,

    patch: async <T extends KubeObject>(
      type: ResourceType<T>,
      name: ObjectName,
      patch: WriteOptions & { patchType: PatchType; patch: unknown; subresource?: string; force?: boolean },
    ) =>
      (await send({
        method: 'PATCH',
        path: withQuery(objectPath(type, name, patch.subresource), {
          ...writeQuery(patch),
          force: patch.force === undefined ? undefined : String(patch.force),
        }),
        ...jsonBody(patch.patch, PATCH_CONTENT_TYPES[patch.patchType]),
      })) as T,

    delete: async <T extends KubeObject>(
      type: ResourceType<T>,
      name: ObjectName,
      how: DeleteOptions = {},
    ) => {
      const answer = (await send({
        method: 'DELETE',
        path: objectPath(type, name),
        ...jsonBody({ apiVersion: 'v1', kind: 'DeleteOptions', ...how }),
      })) as T | Status;
      return answer.kind === 'Status' ? undefined : (answer as T);
    },

    createSubresource: (type, name, call) =>
      send({ method: 'POST', path: objectPath(type, name, call.subresource), ...jsonBody(call.body) }),

    finalize: async <T extends KubeObject>(type: ResourceType<T>, name: ObjectName) => {
      const object = await client.get(type, name);
      const body = { ...object, spec: { finalizers: [] } };
      return (await send({
        method: 'PUT',
        path: objectPath(type, name, 'finalize'),
        ...jsonBody(body),
      })) as T;
    },

    raw: send,
  };
  return client;
}

/** What asks a server for no more than the metadata of objects. */
const METADATA_ONLY =
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** Our own servers' way to leave out who owns which field; others take it for plain JSON. */
const UNMANAGED = ';managedfields=omit';

function acceptOf({ metadataOnly, lazy }: ListScope): { headers?: Record<string, string> } {
  if (metadataOnly !== true && lazy !== true) return {};
  const ranges = (metadataOnly === true ? METADATA_ONLY : 'application/json').split(',');
  const accept = lazy === true ? ranges.map((range) => `${range}${UNMANAGED}`) : ranges;
  return { headers: { accept: accept.join(',') } };
}

/** Items of a list may say nothing of their kind, and metadata alone calls itself something else. */
function nameKind(object: KubeObject, type: ResourceType<never> | ResourceType, scope: ListScope): void {
  const isNamed = object.kind !== undefined && object.apiVersion !== undefined;
  if (isNamed && scope.metadataOnly !== true) return;
  object.apiVersion = apiVersionOf(type);
  object.kind = type.kind;
}

/** `/api/v1/namespaces/NS/pods`, `/apis/apps/v1/deployments`. */
export function collectionPath(type: ResourceType<never> | ResourceType, namespace?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope =
    type.namespaced && namespace !== undefined && namespace !== ''
      ? `/namespaces/${encodeURIComponent(namespace)}`
      : '';
  return `${root}${scope}/${type.plural}`;
}

/** The path of one object, or of a subresource of it. */
export function objectPath(
  type: ResourceType<never> | ResourceType,
  name: ObjectName,
  subresource?: string,
): string {
  const path = `${collectionPath(type, name.namespace)}/${encodeURIComponent(name.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

function withQuery(path: string, query: Record<string, string | undefined>): string {
  const present = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return present.length === 0 ? path : `${path}?${new URLSearchParams(present).toString()}`;
}

function selectorQuery(scope: ListScope): Record<string, string | undefined> {
  return { labelSelector: scope.labelSelector, fieldSelector: scope.fieldSelector };
}

function jsonBody(
  value: unknown,
  contentType = 'application/json',
): { body: Uint8Array; headers: Record<string, string> } {
  return { body: new TextEncoder().encode(JSON.stringify(value)), headers: { 'content-type': contentType } };
}

async function requestJson(transport: Transport, request: TransportRequest): Promise<unknown> {
  const response = await transport.request(request);
  const body = await readBody(response);
  if (response.status >= 300) throw statusErrorOf(response.status, body);
  return JSON.parse(new TextDecoder().decode(body)) as unknown;
}

/** The server's Status as an error; where the body is none, one made from the HTTP code. */
export function statusErrorOf(httpStatus: number, body: Uint8Array): StatusError {
  const text = new TextDecoder().decode(body);
  const status = parseStatus(text);
  const reason = knownReason(status?.reason) ?? reasonOfCode(httpStatus);
  return new StatusError(
    reason,
    status?.message ?? `the server answered ${httpStatus}: ${text.slice(0, 200)}`,
    status?.details === undefined ? {} : { details: status.details },
  );
}

/** A server may give reasons that we do not know: the HTTP code says enough then. */
function knownReason(reason: string | undefined): StatusReason | undefined {
  return reason !== undefined && isStatusReason(reason) ? reason : undefined;
}

function parseStatus(text: string): Partial<Status> | undefined {
  try {
    const value = JSON.parse(text) as Partial<Status> | null;
    return value?.kind === 'Status' ? value : undefined;
  } catch {
    // Not JSON: a proxy's page, or plain text. The caller quotes it.
    return undefined;
  }
}

function reasonOfCode(code: number): StatusReason {
  // Of the two that 409 may mean, the one after which a client reads again.
  if (code === STATUS_CODES.Conflict) return 'Conflict';
  const found = Object.entries(STATUS_CODES).find(([, value]) => value === code);
  return (found?.[0] ?? 'InternalError') as StatusReason;
}
