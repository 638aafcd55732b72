import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { badRequest, StatusError } from '#api/status.ts';
import type { Representation } from '#apiserver/accept.ts';
import { type ApiResponse, type Sink, utf8 } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { includeObjectOf, parseResourceVersion, withGoneErrors } from '#apiserver/rest-list.ts';
import { type Selection, selectionOf } from '#apiserver/selection.ts';
import { decodeObject, listPrefix } from '#apiserver/stored-object.ts';
import { toPartialMetadata, toTable } from '#apiserver/table.ts';
import { type Entry, RevisionExpiredError, type StoreEvent } from '#store/store.ts';
import { randomInteger } from '#system/random.ts';

export interface WatchRequest {
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  readonly representation: Representation;
}

/** Bytes that may wait for a slow watcher; above this it is told so and closed, and costs the others nothing. */
export const WATCH_BUFFER_BYTES_MAX = 16 * 1024 * 1024;

/** How often a watcher that asked for bookmarks gets one, in milliseconds. */
const BOOKMARK_INTERVAL_MS = 60_000;

/** A watch without `timeoutSeconds` ends between this and twice this, in milliseconds, as upstream's does. */
const WATCH_TIMEOUT_MS = 30 * 60_000;

/** The longest `timeoutSeconds` that is taken as asked. */
const TIMEOUT_SECONDS_MAX = 24 * 3600;

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** The lines of one store event, made once for all its watchers. */
const linesOfEvent = new WeakMap<StoreEvent, Map<EventType, Uint8Array>>();

/**
 * `GET ?watch=true`: what is there (where the client asks for it), then every change, until the client goes, its time is
 * over, or it reads too slowly. See the store's contract for the guarantees.
 */
export async function watchObjects(
  context: RestContext,
  type: ResourceType,
  request: WatchRequest,
): Promise<ApiResponse> {
  const { query } = request;
  const selection = selectionOf(query, type);
  const initial = initialEventsOf(query);
  const after = parseResourceVersion(query.get('resourceVersion') ?? '') ?? 0;
  const prefix = listPrefix(type, request.namespace);
  const snapshot = initial === 'none' ? undefined : await context.store.list(prefix);
  const from = snapshot?.revision ?? after;
  const endAfterMs = timeoutMs(context, query);
  if (snapshot === undefined) {
    // A revision that cannot be served is the answer's status, before the stream begins.
    const probe = await withGoneErrors(() =>
      context.store.watch(prefix, from, { events: () => undefined, end: () => undefined }),
    );
    probe.close();
  }
  const start = (sink: Sink): void => {
    const stream = new WatchStream(context, type, { sink, selection, request });
    stream.start({ prefix, from, snapshot: snapshot?.entries, initial, endAfterMs });
  };
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
  return { status: 200, headers, body: { type: 'stream', start } };
}

/** `none`: only changes. `plain`: what is there first. `marked`: and then a bookmark that says that this was all. */
type InitialEvents = 'none' | 'plain' | 'marked';

/** KEP-3157 (streaming lists) and the older rule that a watch from "0" or nothing begins with what is there. */
function initialEventsOf(query: URLSearchParams): InitialEvents {
  const send = query.get('sendInitialEvents');
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  if (send === null) {
    if (match !== '')
      throw badRequest('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
    return version === '' || version === '0' ? 'plain' : 'none';
  }
  if (match !== 'NotOlderThan') {
    throw badRequest('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  return send === 'true' || send === '1' ? 'marked' : 'none';
}

function timeoutMs(context: RestContext, query: URLSearchParams): number {
  const text = query.get('timeoutSeconds');
  if (text === null || text === '' || text === '0')
    return WATCH_TIMEOUT_MS + randomInteger(context.random, WATCH_TIMEOUT_MS);
  if (!/^\d+$/u.test(text))
    throw badRequest(
      `timeoutSeconds: Invalid value: "${text.slice(0, 100)}": must be a number of at least 0`,
    );
  return Math.min(Number(text), TIMEOUT_SECONDS_MAX) * 1000;
}

/** One watcher's stream of lines. */
class WatchStream {
  readonly #context: RestContext;
  readonly #type: ResourceType;
  readonly #sink: Sink;
  readonly #selection: Selection | undefined;
  readonly #request: WatchRequest;
  /** Fields of `Table` columns go out once, with the first row. */
  #columnsSent = false;
  #ended = false;

  constructor(
    context: RestContext,
    type: ResourceType,
    options: { sink: Sink; selection: Selection | undefined; request: WatchRequest },
  ) {
    this.#context = context;
    this.#type = type;
    this.#sink = options.sink;
    this.#selection = options.selection;
    this.#request = options.request;
  }

  start(options: {
    prefix: string;
    from: number;
    snapshot: readonly Entry[] | undefined;
    initial: InitialEvents;
    endAfterMs: number;
  }): void {
    const { clock, log } = this.#context;
    for (const entry of options.snapshot ?? []) this.#sendEntry(entry);
    if (options.initial === 'marked') this.#sendBookmark(options.from, true);
    const timeout = clock.after(options.endAfterMs, () => this.#end());
    const stopBookmarks = this.#sendBookmarks();
    const watching = this.#context.store.watch(options.prefix, options.from, {
      events: (batch) => this.#sendBatch(batch),
      end: (reason) => this.#fail(reason),
    });
    const close = (): void => {
      this.#ended = true;
      timeout.cancel();
      stopBookmarks();
      watching.then(
        (handle) => handle.close(),
        (error: unknown) => log.debug('a watch had not begun when its client left', { error }),
      );
    };
    this.#sink.closed.addEventListener('abort', close, { once: true });
    watching.catch((error: unknown) => this.#fail(error));
    if (this.#sink.closed.aborted) close();
  }

  #sendBookmarks(): () => void {
    if (this.#request.query.get('allowWatchBookmarks') !== 'true') return () => undefined;
    const { clock, store } = this.#context;
    let timer = clock.after(BOOKMARK_INTERVAL_MS, tick.bind(this));
    function tick(this: WatchStream): void {
      this.#sendBookmark(store.revision, false);
      timer = clock.after(BOOKMARK_INTERVAL_MS, tick.bind(this));
    }
    return () => timer.cancel();
  }

  #sendBatch(batch: readonly StoreEvent[]): void {
    if (this.#ended) return;
    const lines: Uint8Array[] = [];
    for (const event of batch) {
      const line = this.#lineOf(event);
      if (line !== undefined) lines.push(line);
    }
    const [only] = lines;
    if (only === undefined) return;
    this.#sink.write(lines.length === 1 ? only : Buffer.concat(lines));
    if (this.#sink.bufferedBytes > WATCH_BUFFER_BYTES_MAX) {
      this.#fail(
        new StatusError(
          'Expired',
          `the watcher reads too slowly: ${this.#sink.bufferedBytes} bytes wait for it`,
        ),
      );
    }
  }

  #lineOf(event: StoreEvent): Uint8Array | undefined {
    const type = this.#typeOf(event);
    if (type === undefined) return undefined;
    if (this.#request.representation !== 'object') return this.#represented(type, decodeObject(event.value));
    const lines = linesOfEvent.get(event) ?? new Map<EventType, Uint8Array>();
    linesOfEvent.set(event, lines);
    const line = lines.get(type) ?? eventLine(type, event.value);
    lines.set(type, line);
    return line;
  }

  /** An object that comes into a selection is ADDED, one that leaves it DELETED. */
  #typeOf(event: StoreEvent): EventType | undefined {
    const { previous } = event;
    if (this.#selection === undefined) {
      return event.type === 'delete' ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED';
    }
    const before = previous !== undefined && this.#selection(decodeObject(previous));
    const after = event.type === 'put' && this.#selection(decodeObject(event.value));
    if (after) return before ? 'MODIFIED' : 'ADDED';
    return before ? 'DELETED' : undefined;
  }

  #sendEntry(entry: Entry): void {
    if (this.#selection !== undefined && !this.#selection(decodeObject(entry.value))) return;
    const plain = this.#request.representation === 'object';
    this.#sink.write(
      plain ? eventLine('ADDED', entry.value) : this.#represented('ADDED', decodeObject(entry.value)),
    );
  }

  #represented(type: EventType, object: KubeObject): Uint8Array {
    if (this.#request.representation === 'partialMetadata')
      return jsonLine({ type, object: toPartialMetadata(object) });
    const table = toTable(this.#type, [object], {
      nowMs: this.#context.clock.now(),
      include: includeObjectOf(this.#request.query),
      metadata: { resourceVersion: object.metadata.resourceVersion },
      withColumns: !this.#columnsSent,
    });
    this.#columnsSent = true;
    return jsonLine({ type, object: table });
  }

  #sendBookmark(revision: number, initialEventsEnd: boolean): void {
    if (this.#ended) return;
    const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
    const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...annotations };
    const object =
      this.#request.representation === 'object'
        ? { kind: this.#type.kind, apiVersion: apiVersionOf(this.#type), metadata }
        : this.#request.representation === 'table'
          ? {
              kind: 'Table',
              apiVersion: 'meta.k8s.io/v1',
              metadata: { resourceVersion: String(revision), ...annotations },
              columnDefinitions: [],
              rows: [],
            }
          : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
    this.#sink.write(jsonLine({ type: 'BOOKMARK', object }));
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#context.log.info('a watch was ended', { kind: this.#type.kind, error });
    this.#sink.write(jsonLine({ type: 'ERROR', object: watchStatus(error).toStatus() }));
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end();
  }
}

function watchStatus(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof RevisionExpiredError)
    return new StatusError('Expired', 'too old resource version', { cause: error });
  return new StatusError('ServiceUnavailable', 'the watch was ended by the server', { cause: error });
}

function eventLine(type: EventType, value: Uint8Array): Uint8Array {
  const head = `{"type":"${type}","object":`;
  const line = Buffer.allocUnsafe(head.length + value.length + 2);
  line.write(head, 0, 'latin1');
  line.set(value, head.length);
  line.write('}\n', head.length + value.length, 'latin1');
  return line;
}

function jsonLine(value: unknown): Uint8Array {
  return utf8(`${JSON.stringify(value)}\n`);
}
