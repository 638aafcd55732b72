import type { ResourceType } from '#api/resource.ts';
import type { Representation } from '#apiserver/accept.ts';
import { servedEntries } from '#apiserver/custom/stored-form.ts';
import { assertListOptions } from '#apiserver/list-options.ts';
import { countOf, flagOf } from '#apiserver/query-parameters.ts';
import { parseResourceVersion, revisionAtHand, withGoneErrors } from '#apiserver/read-position.ts';
import type { ApiResponse, Sink } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { includeObjectOf } from '#apiserver/rest-list.ts';
import { selectionOf } from '#apiserver/selection.ts';
import { listPrefix } from '#apiserver/stored-object.ts';
import { type InitialEvents, WatchStream } from '#apiserver/watch-stream.ts';
import { randomInteger } from '#system/random.ts';

export interface WatchRequest {
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  readonly representation: Representation;
}

/** A watch without `timeoutSeconds` ends between this and twice this, in milliseconds, as upstream's does. */
const WATCH_TIMEOUT_MS = 30 * 60_000;

/** The longest `timeoutSeconds` that is taken as asked; a longer one is lowered to this. */
const TIMEOUT_SECONDS_MAX = 24 * 3600;

/**
 * `GET ?watch=true`: what is there (where the client asks for it), then every change, until the client goes, its time is
 * over, or it reads too slowly. See the store's contract for the guarantees.
 */
export async function watchObjects(
  context: RestContext,
  type: ResourceType,
  request: WatchRequest,
): Promise<ApiResponse> {
  const { query, representation } = request;
  assertListOptions(query);
  const options = {
    type,
    representation,
    selection: selectionOf(query, type),
    include: includeObjectOf(query),
    sendsBookmarks: flagOf(query, 'allowWatchBookmarks'),
    prefix: listPrefix(type, request.namespace),
    initial: initialEventsOf(query),
    endAfterMs: timeoutMs(context, query),
  };
  const version = parseResourceVersion(query.get('resourceVersion') ?? '') ?? 0;
  const atHand = revisionAtHand(context, query);
  const snapshot =
    options.initial === 'none'
      ? undefined
      : await context.store.list(options.prefix, atHand === undefined ? {} : { revision: atHand });
  const from = snapshot?.revision ?? (version === 0 ? context.store.revision : version);
  if (snapshot === undefined) await assertServable(context, options.prefix, from);
  const entries = await servedEntries(type, snapshot?.entries ?? [], context.convert);
  const start = (sink: Sink): void => {
    new WatchStream(context, { ...options, sink }).start(from, entries);
  };
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
  return { status: 200, headers, body: { type: 'stream', start } };
}

/** A revision that cannot be served is the answer's status, before the stream begins. */
async function assertServable(context: RestContext, prefix: string, from: number): Promise<void> {
  const watcher = { events: () => undefined, end: () => undefined };
  const probe = await withGoneErrors(() => context.store.watch(prefix, from, watcher));
  probe.close();
}

/** KEP-3157 (streaming lists) and the older rule that a watch from "0" or nothing begins with what is there. */
function initialEventsOf(query: URLSearchParams): InitialEvents {
  const version = query.get('resourceVersion') ?? '';
  if (!query.has('sendInitialEvents')) return version === '' || version === '0' ? 'plain' : 'none';
  return flagOf(query, 'sendInitialEvents') ? 'marked' : 'none';
}

function timeoutMs(context: RestContext, query: URLSearchParams): number {
  const seconds = countOf(query, 'timeoutSeconds') ?? 0;
  if (seconds === 0) return WATCH_TIMEOUT_MS + randomInteger(context.random, WATCH_TIMEOUT_MS);
  return Math.min(seconds, TIMEOUT_SECONDS_MAX) * 1000;
}
