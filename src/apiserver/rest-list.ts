import { exactFieldValue, parseFieldSelector } from '#api/field-selector.ts';
import { apiVersionOf, listKindOf, type ResourceType } from '#api/resource.ts';
import { badRequest } from '#api/status.ts';
import type { Representation } from '#apiserver/accept.ts';
import { servedEntries, servedEntry } from '#apiserver/custom/stored-form.ts';
import { assertListOptions } from '#apiserver/list-options.ts';
import { inTurns } from '#apiserver/object-batches.ts';
import { representBytes } from '#apiserver/object-bytes.ts';
import { quoted } from '#apiserver/query-parameters.ts';
import {
  continueTokenOf,
  encodeToken,
  entryAsOf,
  learnUpTo,
  limitOf,
  parseResourceVersion,
  startOf,
  withGoneErrors,
} from '#apiserver/read-position.ts';
import { type ApiResponse, bytesResponse, utf8 } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { isSelected, type Selection, selectionOf } from '#apiserver/selection.ts';
import { listPrefix, objectStoreKey } from '#apiserver/stored-object.ts';
import { type IncludeObject, tableInTurns } from '#apiserver/table.ts';
import type { Entry, ListResult } from '#store/store.ts';

export interface ListRequest {
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  readonly representation: Representation;
}

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
  if (isStored) return joinedList(values, { kind, apiVersion, metadata });
  const items: Uint8Array[] = [];
  for await (const batch of inTurns(values, context.clock))
    for (const value of batch) items.push(representBytes(value, { shape, omitsManagedFields }));
  return joinedList(items, { kind, apiVersion, metadata });
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
  const start = utf8(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  const chunks = [start];
  let size = start.length + CLOSE.length + Math.max(0, items.length - 1) * COMMA.length;
  for (const item of items) {
    if (chunks.length > 1) chunks.push(COMMA);
    chunks.push(item);
    size += item.length;
  }
  chunks.push(CLOSE);
  const response = bytesResponse(200, chunks);
  return { ...response, body: { type: 'bytes', chunks, size } };
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
  return withGoneErrors(
    () => (selection === undefined ? plainPage(context, read) : selectedPage(context, read, selection)),
    token,
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
    for await (const batch of inTurns(served, context.clock)) {
      for (const entry of batch) {
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

/** The name that a field selector demands: it asks for one object, no list is read for it, and RBAC knows it by that name. */
export function exactNameOf(query: URLSearchParams): string | undefined {
  const selector = query.get('fieldSelector') ?? '';
  if (selector === '') return undefined;
  const name = exactFieldValue(parseFieldSelector(selector), 'metadata.name');
  return name === '' ? undefined : name;
}
