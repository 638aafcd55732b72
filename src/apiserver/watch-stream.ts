import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { StatusError } from '#api/status.ts';
import type { Representation } from '#apiserver/accept.ts';
import { watchServed } from '#apiserver/custom/watch-served.ts';
import { type Sink, utf8 } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import type { Selection } from '#apiserver/selection.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import { type IncludeObject, toPartialMetadata, toTable } from '#apiserver/table.ts';
import { type Entry, RevisionExpiredError, type StoreEvent, type WatchHandle } from '#store/store.ts';
import type { Timer } from '#system/clock.ts';

/**
 * Bytes that may wait for a slow watcher, beside what was there when it began; above this it is told so and closed, and
 * costs the others nothing.
 */
export const WATCH_BUFFER_BYTES_MAX = 16 * 1024 * 1024;

/** How often a watcher that asked for bookmarks gets one, in milliseconds. */
const BOOKMARK_INTERVAL_MS = 60_000;

/** How long a watcher may take to read the end of its watch, in milliseconds; then what still waits for it is dropped. */
const ENDING_MS_MAX = 30_000;

/** `none`: only changes. `plain`: what is there first. `marked`: and then a bookmark that says that this was all. */
export type InitialEvents = 'none' | 'plain' | 'marked';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** The lines of one store event, made once for all its watchers. */
const linesOfEvent = new WeakMap<StoreEvent, Map<EventType, Uint8Array>>();

export interface WatchStreamOptions {
  readonly type: ResourceType;
  readonly prefix: string;
  readonly sink: Sink;
  readonly representation: Representation;
  readonly include: IncludeObject;
  readonly selection: Selection | undefined;
  readonly initial: InitialEvents;
  readonly sendsBookmarks: boolean;
  readonly endAfterMs: number;
}

/** One watcher's stream of lines. */
export class WatchStream {
  readonly #context: RestContext;
  readonly #options: WatchStreamOptions;
  readonly #sink: Sink;
  /** Columns of a `Table` go out once, with the first row. */
  #columnsSent = false;
  #bufferBytesMax = WATCH_BUFFER_BYTES_MAX;
  #handle: WatchHandle | undefined;
  #timeout: Timer | undefined;
  #bookmark: Timer | undefined;
  #bookmarkedRevision: number | undefined;
  #ended = false;

  constructor(context: RestContext, options: WatchStreamOptions) {
    this.#context = context;
    this.#options = options;
    this.#sink = options.sink;
  }

  /** Sends what is there at revision `from`, and from then on every change after it. */
  start(from: number, entries: readonly Entry[]): void {
    const { clock } = this.#context;
    for (const entry of entries) this.#sendEntry(entry);
    if (this.#options.initial === 'marked') this.#sendBookmark(from, true);
    this.#bufferBytesMax += this.#sink.bufferedBytes;
    this.#timeout = clock.after(this.#options.endAfterMs, () => this.#end());
    if (this.#options.sendsBookmarks) this.#sendBookmarks();
    this.#sink.closed.addEventListener('abort', () => this.#end(), { once: true });
    if (this.#sink.closed.aborted) this.#end();
    else void this.#follow(from);
  }

  async #follow(from: number): Promise<void> {
    try {
      const { type, prefix } = this.#options;
      const watcher = {
        events: (batch: readonly StoreEvent[]) => this.#sendBatch(batch),
        end: (reason: Error) => this.#fail(reason),
      };
      const handle = await watchServed(this.#context, type, { prefix, from, watcher });
      if (this.#ended) handle.close();
      else this.#handle = handle;
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * A bookmark says only what this very watcher has been told of: it may still be catching up. One that says nothing new is
   * not sent: an idle store costs its watchers nothing.
   */
  #sendBookmarks(): void {
    this.#bookmark = this.#context.clock.after(BOOKMARK_INTERVAL_MS, () => {
      const revision = this.#handle?.revision;
      if (revision !== undefined && revision !== this.#bookmarkedRevision) {
        this.#bookmarkedRevision = revision;
        this.#sendBookmark(revision, false);
      }
      this.#sendBookmarks();
    });
  }

  #sendBatch(batch: readonly StoreEvent[]): void {
    if (this.#ended) return;
    try {
      const lines = batch.flatMap((event) => this.#lineOf(event) ?? []);
      const [only] = lines;
      if (only === undefined) return;
      this.#sink.write(lines.length === 1 ? only : Buffer.concat(lines));
    } catch (error) {
      return this.#fail(error);
    }
    const waiting = this.#sink.bufferedBytes;
    if (waiting <= this.#bufferBytesMax) return;
    this.#fail(new StatusError('Expired', `the watcher reads too slowly: ${waiting} bytes wait for it`));
  }

  #lineOf(event: StoreEvent): Uint8Array | undefined {
    const type = this.#typeOf(event);
    if (type === undefined) return undefined;
    const hasLeft = type === 'DELETED' && event.type === 'put';
    if (hasLeft) return this.#represented(type, lastSelected(event));
    if (this.#options.representation !== 'object') return this.#represented(type, decodeObject(event.value));
    const lines = linesOfEvent.get(event) ?? new Map<EventType, Uint8Array>();
    linesOfEvent.set(event, lines);
    const line = lines.get(type) ?? eventLine(type, event.value);
    lines.set(type, line);
    return line;
  }

  /** An object that comes into a selection is ADDED, one that leaves it DELETED. */
  #typeOf(event: StoreEvent): EventType | undefined {
    const { selection } = this.#options;
    const { previous } = event;
    if (selection === undefined) {
      return event.type === 'delete' ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED';
    }
    const before = previous !== undefined && selection(decodeObject(previous));
    const after = event.type === 'put' && selection(decodeObject(event.value));
    if (after) return before ? 'MODIFIED' : 'ADDED';
    return before ? 'DELETED' : undefined;
  }

  #sendEntry(entry: Entry): void {
    const { selection, representation } = this.#options;
    if (selection !== undefined && !selection(decodeObject(entry.value))) return;
    const isPlain = representation === 'object';
    this.#sink.write(
      isPlain ? eventLine('ADDED', entry.value) : this.#represented('ADDED', decodeObject(entry.value)),
    );
  }

  #represented(type: EventType, object: KubeObject): Uint8Array {
    const { representation, include } = this.#options;
    if (representation === 'object') return jsonLine({ type, object });
    if (representation === 'partialMetadata') return jsonLine({ type, object: toPartialMetadata(object) });
    const table = toTable(this.#options.type, [object], {
      nowMs: this.#context.clock.now(),
      include,
      metadata: { resourceVersion: object.metadata.resourceVersion },
      withColumns: !this.#columnsSent,
    });
    this.#columnsSent = true;
    return jsonLine({ type, object: table });
  }

  #sendBookmark(revision: number, initialEventsEnd: boolean): void {
    const { type, representation } = this.#options;
    const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
    const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...annotations };
    const object = {
      object: { kind: type.kind, apiVersion: apiVersionOf(type), metadata },
      table: {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { resourceVersion: String(revision), ...annotations },
        columnDefinitions: [],
        rows: [],
      },
      partialMetadata: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
    }[representation];
    this.#sink.write(jsonLine({ type: 'BOOKMARK', object }));
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#context.log.info('a watch was ended', { kind: this.#options.type.kind, error });
    this.#sink.write(jsonLine({ type: 'ERROR', object: watchStatus(error).toStatus() }));
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timeout?.cancel();
    this.#bookmark?.cancel();
    this.#handle?.close();
    this.#sink.end();
    const { closed } = this.#sink;
    if (closed.aborted) return;
    const patience = this.#context.clock.after(ENDING_MS_MAX, () => this.#sink.destroy());
    closed.addEventListener('abort', () => patience.cancel(), { once: true });
  }
}

/** An object that leaves a selection is told as it was in it, at the revision at which it left. */
function lastSelected({ previous, revision }: StoreEvent): KubeObject {
  const object = decodeObject<KubeObject>(previous ?? new Uint8Array());
  object.metadata.resourceVersion = String(revision);
  return object;
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
