import { exactFieldValue, parseFieldSelector } from '#api/field-selector.ts';
import { apiVersionOf, listKindOf, type ResourceType } from '#api/resource.ts';
import { badRequest, StatusError } from '#api/status.ts';
import type { Representation } from '#apiserver/accept.ts';
import { servedEntries, servedEntry } from '#apiserver/custom/stored-form.ts';
import { assertListOptions } from '#apiserver/list-options.ts';
import { batchesOf, OBJECTS_PER_TURN_MAX } from '#apiserver/object-batches.ts';
import { representBytes } from '#apiserver/object-bytes.ts';
import { countOf, quoted } from '#apiserver/query-parameters.ts';
import { type ApiResponse, bytesResponse, utf8 } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { isSelected, type Selection, selectionOf } from '#apiserver/selection.ts';
import { listPrefix, objectStoreKey } from '#apiserver/stored-object.ts';
import { type IncludeObject, tableInTurns } from '#apiserver/table.ts';
import { type Entry, type ListResult, RevisionExpiredError, RevisionFutureError } from '#store/store.ts';
import { sleep } from '#system/clock.ts';

export interface ListRequest {
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  readonly representation: Representation;
}

/** The largest `limit` that is taken as asked, in objects; a larger one is lowered to this. */
const LIMIT_MAX = 100_000;

/** Entries read at a time while a selector is looking for a full page. */
const SELECTED_PAGE_SIZE = 500;

const COMMA = utf8(',');
const CLOSE = utf8(']}');

interface Page {
  readonly entries: readonly Entry[];
  readonly revision: number;
  /** The continue token, or undefined where the list is whole. */
  readonly next: string | undefined;
  readonly remaining: number | undefined;
  /** What was read to find the entries, in bytes, where that is more than they are. */
  readonly readBytes?: number;
}

/** `GET` of a collection. A plain list joins the stored bytes; no object is parsed unless a selector or table needs it. */
export async function listObjects(
  context: RestContext,
  type: ResourceType,
  request: ListRequest,
): Promise<ApiResponse> {
  const page = await readPage(context, type, request);
  const response = await pageResponse(context, type, { page, request });
  return page.readBytes === undefined ? response : { ...response, readBytes: page.readBytes };
}

async function pageResponse(
  context: RestContext,
  type: ResourceType,
  { page, request }: { readonly page: Page; readonly request: ListRequest },
): Promise<ApiResponse> {
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.next === undefined ? {} : { continue: page.next }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  const values = page.entries.map(({ value }) => value);
  const { shape, omitsManagedFields } = request.representation;
  if (shape === 'table') {
    const { clock } = context;
    const options = { clock, nowMs: clock.now(), include: includeObjectOf(request.query), metadata };
    return bytesResponse(200, await tableInTurns(type, values, options));
  }
  const [kind, apiVersion] =
    shape === 'object'
      ? [listKindOf(type), apiVersionOf(type)]
      : ['PartialObjectMetadataList', 'meta.k8s.io/v1'];
  const isStored = shape === 'object' && !omitsManagedFields;
  const items = isStored
    ? values
    : await inTurns(context, values, (value) => representBytes(value, { shape, omitsManagedFields }));
  return joinedList(items, { kind, apiVersion, metadata });
}

/** Maps items, a batch in each turn of the event loop: what else the server does goes on meanwhile. */
async function inTurns<T, R>({ clock }: RestContext, items: readonly T[], map: (item: T) => R): Promise<R[]> {
  const mapped: R[] = [];
  for (const [index, batch] of batchesOf(items).entries()) {
    if (index > 0) await sleep(clock, 0);
    for (const item of batch) mapped.push(map(item));
  }
  return mapped;
}

/** `includeObject` of a table request. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const wanted = query.get('includeObject') ?? 'Metadata';
  if (wanted === 'None' || wanted === 'Metadata' || wanted === 'Object') return wanted;
  throw badRequest(`includeObject: ${quoted(wanted)} is not one of None, Metadata, Object`);
}

function joinedList(
  items: readonly Uint8Array[],
  head: { kind: string; apiVersion: string; metadata: object },
): ApiResponse {
  const chunks: Uint8Array[] = [utf8(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
  for (const [index, item] of items.entries()) {
    if (index > 0) chunks.push(COMMA);
    chunks.push(item);
  }
  chunks.push(CLOSE);
  return bytesResponse(200, chunks);
}

async function readPage(context: RestContext, type: ResourceType, request: ListRequest): Promise<Page> {
  const { query } = request;
  assertListOptions(query);
  const selection = selectionOf(query, type);
  const token = continueTokenOf(query);
  const limit = limitOf(query);
  const exact = exactNameOf(query);
  const prefix = listPrefix(type, request.namespace);
  await learnUpTo(context, token?.r ?? parseResourceVersion(query.get('resourceVersion') ?? '') ?? 0);
  const start = startOf(context, { query, token, limit, prefix });
  const isCurrent =
    token === undefined && (start.revision ?? context.store.revision) === context.store.revision;
  if (isCurrent && exact !== undefined && (request.namespace !== undefined || !type.namespaced)) {
    return oneEntry(context, {
      type,
      key: objectStoreKey(type, { namespace: request.namespace, name: exact }),
      revision: start.revision,
      selection,
    });
  }
  const read = { type, prefix, limit, ...start };
  return withGoneErrors(() =>
    selection === undefined ? plainPage(context, read) : selectedPage(context, read, selection),
  );
}

interface PageRead {
  readonly type: ResourceType;
  readonly prefix: string;
  readonly limit: number | undefined;
  readonly revision?: number;
  readonly startAfter?: string;
}

async function plainPage(context: RestContext, read: PageRead): Promise<Page> {
  const result = await context.store.list(read.prefix, listOptions(read, read.limit));
  return {
    entries: await servedEntries(read.type, result.entries, context.convert),
    revision: result.revision,
    ...following(result),
  };
}

/** A page of selected objects: reads on until it is full, all at one revision. */
async function selectedPage(context: RestContext, read: PageRead, selection: Selection): Promise<Page> {
  const entries: Entry[] = [];
  let position: PageRead = read;
  let readBytes = 0;
  while (true) {
    const size =
      read.limit === undefined ? undefined : Math.max(read.limit - entries.length, SELECTED_PAGE_SIZE);
    const result = await context.store.list(read.prefix, listOptions(position, size));
    const served = await servedEntries(read.type, result.entries, context.convert);
    for (const [index, entry] of served.entries()) {
      if (index > 0 && index % OBJECTS_PER_TURN_MAX === 0) await sleep(context.clock, 0);
      readBytes += entry.value.length;
      if (!isSelected(selection, entry.value)) continue;
      entries.push(entry);
      if (entries.length === read.limit && (entry !== served.at(-1) || result.remaining > 0)) {
        return {
          entries,
          revision: result.revision,
          next: encodeToken({ r: result.revision, k: entry.key }),
          remaining: undefined,
          readBytes,
        };
      }
    }
    const last = result.entries.at(-1);
    if (result.remaining === 0 || last === undefined) {
      return { entries, revision: result.revision, next: undefined, remaining: undefined, readBytes };
    }
    position = { ...read, revision: result.revision, startAfter: last.key };
  }
}

async function oneEntry(
  context: RestContext,
  {
    type,
    key,
    revision: asOf,
    selection,
  }: { type: ResourceType; key: string; revision: number | undefined; selection: Selection | undefined },
): Promise<Page> {
  const { revision } = context.store;
  const stored = await entryAsOf(context.store, key, asOf);
  const entry = stored === undefined ? undefined : await servedEntry(type, stored, context.convert);
  const isIn = entry !== undefined && (selection === undefined || isSelected(selection, entry.value));
  return {
    entries: isIn ? [entry] : [],
    revision: Math.max(revision, entry?.revision ?? 0),
    next: undefined,
    remaining: undefined,
  };
}

function listOptions(
  read: PageRead,
  limit: number | undefined,
): { limit?: number; revision?: number; startAfter?: string } {
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(read.revision === undefined ? {} : { revision: read.revision }),
    ...(read.startAfter === undefined ? {} : { startAfter: read.startAfter }),
  };
}

function following(result: ListResult): { next: string | undefined; remaining: number | undefined } {
  const last = result.entries.at(-1);
  if (result.remaining === 0 || last === undefined) return { next: undefined, remaining: undefined };
  return { next: encodeToken({ r: result.revision, k: last.key }), remaining: result.remaining };
}

/** Where to start reading, and as of when. */
function startOf(
  context: RestContext,
  {
    query,
    token,
    limit,
    prefix,
  }: {
    query: URLSearchParams;
    token: ContinueToken | undefined;
    limit: number | undefined;
    prefix: string;
  },
): { revision?: number; startAfter?: string } {
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  if (token !== undefined) {
    if (version !== '' && version !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    if (!token.k.startsWith(prefix) || token.r > context.store.revision)
      throw badRequest('continue key is not valid: it belongs to another list');
    return { revision: token.r, startAfter: token.k };
  }
  const revision = parseResourceVersion(version);
  if (revision === undefined) return {};
  // As in Kubernetes, a page without a match is of exactly that revision.
  if (revision > 0 && (match === 'Exact' || (match === '' && limit !== undefined))) return { revision };
  assertReached(context, query);
  return { revision: context.store.revision };
}

/**
 * The revision of a read that takes any state from `resourceVersion` on ("0": any at all): what is here is served, and nobody
 * is asked whether there is something newer. Undefined for a read of now, and where what is here is older.
 */
export function revisionAtHand({ store }: RestContext, query: URLSearchParams): number | undefined {
  const least = parseResourceVersion(query.get('resourceVersion') ?? '');
  return least !== undefined && least <= store.revision ? store.revision : undefined;
}

/** The entry of `key` as of a revision that is here; now, where that is undefined. */
export async function entryAsOf(
  store: RestContext['store'],
  key: string,
  revision: number | undefined,
): Promise<Entry | undefined> {
  if (revision === undefined) return await store.get(key);
  const { entries } = await store.list(key, { revision, limit: 1 });
  return entries[0]?.key === key ? entries[0] : undefined;
}

/**
 * A revision that is not here yet may have been told by another process on the same store: any read of now makes the store
 * learn of it. What is still unknown after that lies in the future.
 */
async function learnUpTo({ store }: RestContext, revision: number): Promise<void> {
  if (revision > store.revision) await store.count('/none/');
}

/** Refuses a `resourceVersion` of the future: what is served now is older than what the client has seen. */
export function assertReached({ store }: RestContext, query: URLSearchParams): void {
  const revision = parseResourceVersion(query.get('resourceVersion') ?? '') ?? 0;
  if (revision <= store.revision) return;
  throw new StatusError('Timeout', `Too large resource version: ${revision}, current: ${store.revision}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

/** A resourceVersion of a query: undefined where empty. Throws 400 where it is no revision. */
export function parseResourceVersion(text: string): number | undefined {
  if (text === '') return undefined;
  const revision = /^\d{1,16}$/u.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(revision))
    throw badRequest(`resourceVersion: Invalid value: ${quoted(text)}: must be a number`);
  return revision;
}

/** Runs a read and says 410 Expired where the revision it names is gone. */
export async function withGoneErrors<T>(reading: () => Promise<T>): Promise<T> {
  try {
    return await reading();
  } catch (cause) {
    if (cause instanceof RevisionExpiredError) {
      throw new StatusError('Expired', 'The resourceVersion for the provided request is too old.', { cause });
    }
    if (cause instanceof RevisionFutureError)
      throw new StatusError('Timeout', `Too large resource version: ${cause.message}`, { cause });
    throw cause;
  }
}

/** The name that a field selector demands: it asks for one object, no list is read for it, and RBAC knows it by that name. */
export function exactNameOf(query: URLSearchParams): string | undefined {
  const selector = query.get('fieldSelector') ?? '';
  if (selector === '') return undefined;
  const name = exactFieldValue(parseFieldSelector(selector), 'metadata.name');
  return name === '' ? undefined : name;
}

/** The `limit` of a query, at most {@link LIMIT_MAX}; undefined where there is none. Throws 400 on what is no count. */
export function limitOf(query: URLSearchParams): number | undefined {
  const limit = countOf(query, 'limit') ?? 0;
  return limit === 0 ? undefined : Math.min(limit, LIMIT_MAX);
}

/** Where a limited list goes on: the revision it is read at, and the last key it returned. */
interface ContinueToken {
  readonly r: number;
  readonly k: string;
}

function encodeToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function continueTokenOf(query: URLSearchParams): ContinueToken | undefined {
  const text = query.get('continue');
  if (text === null || text === '') return undefined;
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Partial<ContinueToken>;
    if (Number.isSafeInteger(token.r) && typeof token.k === 'string') return token as ContinueToken;
  } catch (cause) {
    throw badRequest('continue key is not valid', cause);
  }
  throw badRequest('continue key is not valid');
}
