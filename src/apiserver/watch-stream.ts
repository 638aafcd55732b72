import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, listKindOf, type ResourceType } from '#api/resource.ts';
import { StatusError } from '#api/status.ts';
import type { Representation } from '#apiserver/accept.ts';
import { watchServed } from '#apiserver/custom/watch-served.ts';
import { inTurns } from '#apiserver/object-batches.ts';
import { representBytes } from '#apiserver/object-bytes.ts';
import { type Sink, utf8 } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { decodeSelectable, isSelected, type Selection } from '#apiserver/selection.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import { type IncludeObject, tableOf } from '#apiserver/table.ts';
import { type Entry, RevisionExpiredError, type StoreEvent, type WatchHandle } from '#store/store.ts';
import type { Timer } from '#system/clock.ts';
import { failpoint } from '#system/failpoints.ts';

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

const EVENT_HEADS: Readonly<Record<EventType, Uint8Array>> = {
  ADDED: utf8('{"type":"ADDED","object":'),
  MODIFIED: utf8('{"type":"MODIFIED","object":'),
  DELETED: utf8('{"type":"DELETED","object":'),
};
const EVENT_END = utf8('}\n');

/** The lines of one store event by type and representation, made once for all its watchers. */
const linesOfEvent = new WeakMap<StoreEvent, Map<string, Uint8Array>>();

/** What a store event was before and is after, decoded once for all its watchers with selectors. */
const objectsOfEvent = new WeakMap<StoreEvent, { before?: KubeObject; after?: KubeObject }>();

/** What is there when a watch begins is written in pieces of about this size, in bytes. */
const INITIAL_WRITE_BYTES = 64 * 1024;

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

  /** Sends what is there at revision `from`, in turns of the event loop, and then every change after it. */
  start(from: number, entries: readonly Entry[]): void {
    const { clock } = this.#context;
    this.#timeout = clock.after(this.#options.endAfterMs, () => this.#end());
    this.#sink.closed.addEventListener('abort', () => this.#end(), { once: true });
    if (this.#sink.closed.aborted) this.#end();
    else void this.#run(from, entries);
  }

  async #run(from: number, entries: readonly Entry[]): Promise<void> {
    try {
      for await (const batch of inTurns(entries, this.#context.clock)) {
        if (this.#ended) return;
        this.#sendEntries(batch);
      }
      if (this.#options.initial === 'marked') this.#sendBookmark(from, true);
      this.#bufferBytesMax += this.#sink.bufferedBytes;
      if (this.#options.sendsBookmarks) this.#sendBookmarks();
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
      failpoint('watch.before-send');
      this.#sink.write(lines.length === 1 ? only : Buffer.concat(lines));
      failpoint('watch.after-send');
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
    if (hasLeft) return this.#lineOfValue(type, lastSelected(event));
    const { shape, omitsManagedFields } = this.#options.representation;
    if (shape === 'table') return this.#lineOfValue(type, event.value);
    const lines = linesOfEvent.get(event) ?? new Map<string, Uint8Array>();
    linesOfEvent.set(event, lines);
    const name = `${type} ${shape} ${omitsManagedFields}`;
    const line = lines.get(name) ?? this.#lineOfValue(type, event.value);
    lines.set(name, line);
    return line;
  }

  /** An object that comes into a selection is ADDED, one that leaves it DELETED. */
  #typeOf(event: StoreEvent): EventType | undefined {
    const { selection } = this.#options;
    const { previous } = event;
    if (selection === undefined) {
      return event.type === 'delete' ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED';
    }
    const objects = objectsOfEvent.get(event) ?? {};
    objectsOfEvent.set(event, objects);
    const isIn = (side: 'before' | 'after', value: Uint8Array | undefined): boolean => {
      if (value === undefined || !selection.mayMatch(value)) return false;
      objects[side] ??= decodeSelectable(value);
      return selection.matches(objects[side]);
    };
    const before = isIn('before', previous);
    const after = isIn('after', event.type === 'put' ? event.value : undefined);
    if (after) return before ? 'MODIFIED' : 'ADDED';
    return before ? 'DELETED' : undefined;
  }

  #sendEntries(entries: readonly Entry[]): void {
    const { selection } = this.#options;
    let waiting: Uint8Array[] = [];
    let bytes = 0;
    for (const { value } of entries) {
      if (selection !== undefined && !isSelected(selection, value)) continue;
      const line = this.#lineOfValue('ADDED', value);
      waiting.push(line);
      bytes += line.length;
      if (bytes < INITIAL_WRITE_BYTES) continue;
      this.#sink.write(Buffer.concat(waiting, bytes));
      waiting = [];
      bytes = 0;
    }
    if (bytes > 0) this.#sink.write(Buffer.concat(waiting, bytes));
  }

  #lineOfValue(type: EventType, value: Uint8Array): Uint8Array {
    const { representation, include } = this.#options;
    const { shape, omitsManagedFields } = representation;
    if (shape !== 'table') return eventLine(type, [representBytes(value, { shape, omitsManagedFields })]);
    const table = tableOf(this.#options.type, [value], {
      nowMs: this.#context.clock.now(),
      include,
      metadata: { resourceVersion: decodeSelectable(value).metadata.resourceVersion },
      withColumns: !this.#columnsSent,
    });
    this.#columnsSent = true;
    return eventLine(type, table);
  }

  #sendBookmark(revision: number, initialEventsEnd: boolean): void {
    const { type, representation } = this.#options;
    const annotations = initialEventsEnd ? { annotations: initialEndAnnotations(type, representation) } : {};
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
    }[representation.shape];
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

/**
 * What a bookmark says that ends the initial events. Clients that make a list of them (client-go's WatchList) begin it with
 * the empty one that is encoded here (meta/v1 `InitialEventsListBlueprintAnnotationKey`).
 */
function initialEndAnnotations(
  type: ResourceType,
  { shape }: Pick<Representation, 'shape'>,
): Record<string, string> {
  const empty = {
    object: { kind: listKindOf(type), apiVersion: apiVersionOf(type), metadata: {}, items: [] },
    partialMetadata: {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: {},
      items: [],
    },
    table: { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: {}, columnDefinitions: [], rows: [] },
  }[shape];
  return {
    'k8s.io/initial-events-end': 'true',
    'kubernetes.io/initial-events-list-blueprint': Buffer.from(JSON.stringify(empty)).toString('base64'),
  };
}

/** An object that leaves a selection is told as it was in it, at the revision at which it left. */
function lastSelected({ previous, revision }: StoreEvent): Uint8Array {
  const object = decodeObject<KubeObject>(previous ?? new Uint8Array());
  object.metadata.resourceVersion = String(revision);
  return utf8(JSON.stringify(object));
}

function watchStatus(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof RevisionExpiredError)
    return new StatusError('Expired', 'too old resource version', { cause: error });
  return new StatusError('ServiceUnavailable', 'the watch was ended by the server', { cause: error });
}

function eventLine(type: EventType, object: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([EVENT_HEADS[type], ...object, EVENT_END]);
}

function jsonLine(value: unknown): Uint8Array {
  return utf8(`${JSON.stringify(value)}\n`);
}
