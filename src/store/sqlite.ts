import type { DatabaseSync } from 'node:sqlite';
import type { QueuedCommit } from '#store/commit-queue.ts';
import { CommitQueue } from '#store/commit-queue.ts';
import { EntryCache } from '#store/entry-cache.ts';
import { RecentEntries } from '#store/recent-entries.ts';
import type { RevisionRange } from '#store/revision-range.ts';
import { assertReadable } from '#store/revision-range.ts';
import { createSqliteSweep } from '#store/sqlite-compaction.ts';
import { isOutOfSpace, SqliteConnection } from '#store/sqlite-connection.ts';
import { openDatabase } from '#store/sqlite-database.ts';
import { createSqliteReplay } from '#store/sqlite-events.ts';
import { createSqliteMeta } from '#store/sqlite-meta.ts';
import type { KeyRange, Slice } from '#store/sqlite-read.ts';
import { createSqliteReader, rangeOf } from '#store/sqlite-read.ts';
import { createDiskReserve, type DiskReserve, NO_RESERVE } from '#store/sqlite-reserve.ts';
import type { Applied, AppliedChange } from '#store/sqlite-write.ts';
import { createSqliteWriter } from '#store/sqlite-write.ts';
import type {
  CommitResult,
  Entry,
  ListOptions,
  ListResult,
  Operation,
  Store,
  StoreEvent,
  Watcher,
  WatchHandle,
} from '#store/store.ts';
import { StoreUnavailableError } from '#store/store.ts';
import type { EventPage } from '#store/watches.ts';
import { Watches } from '#store/watches.ts';
import { assert } from '#system/assert.ts';
import { failpoint } from '#system/failpoints.ts';

/** Entries kept in memory, in bytes, where the options do not say otherwise. */
export const CACHE_BYTES_MAX = 64 * 1024 * 1024;

export interface SqliteStoreOptions {
  /**
   * Calls back in a later turn of the event loop, in order; a composition root passes `setImmediate`. Commits asked for
   * before then share one fsync.
   */
  readonly defer: (callback: () => void) => void;
  /**
   * Raises the epoch to this, where the data has a lower one: after a restore, pass one more than any epoch that was
   * seen outside. All revisions before it are then gone.
   */
  readonly epochMin?: number;
  /** Keeps some of the disk back, in a file beside the database, so that deletions go through where it is full. */
  readonly keepsReserve?: boolean;
  /** Bytes of entries to keep in memory, for gets and lists; {@link CACHE_BYTES_MAX} where absent. */
  readonly cacheBytesMax?: number;
  /**
   * Called once, when the disk failed in a way after which nothing more can be made durable: every write is refused from
   * then on, reads go on. Only a new start of the process helps, which reads back what the disk kept.
   */
  readonly onFailure?: (error: StoreUnavailableError) => void;
}

/** Opens the store in the database file at `path`; with the conditions and errors of {@link openDatabase}. */
export function openSqliteStore(path: string, options: SqliteStoreOptions): Store {
  const reserve = options.keepsReserve === true ? createDiskReserve(`${path}-reserve`) : NO_RESERVE;
  const store = createSqliteStore(openDatabase(path), { ...options, reserve });
  reserve.hold();
  return store;
}

/** The store on a database from {@link openDatabase}; it closes the database on disposal, and where it cannot begin. */
export function createSqliteStore(
  database: DatabaseSync,
  options: SqliteStoreOptions & { reserve?: DiskReserve },
): Store {
  const queue = new CommitQueue();
  const connection = new SqliteConnection(database, {
    defer: options.defer,
    onFailure(error) {
      queue.rejectAll(error);
      options.onFailure?.(error);
    },
  });
  try {
    return connection.read(() => new SqliteStore(database, { ...options, connection, queue }));
  } catch (error) {
    connection.close();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly epoch: number;
  readonly shared = false;
  readonly #defer: (callback: () => void) => void;
  readonly #connection: SqliteConnection;
  readonly #queue: CommitQueue;
  readonly #cache: EntryCache;
  readonly #recent = new RecentEntries();
  readonly #reserve: DiskReserve;
  readonly #meta;
  readonly #writer;
  readonly #reader;
  readonly #replay;
  readonly #sweep;
  readonly #watches: Watches;
  #range: RevisionRange;
  /** The last row that compaction has dealt with. */
  #swept: number;
  #flushing = false;
  /** A write was refused for want of space, and none has shown since that there is some. */
  #full: StoreUnavailableError | undefined;

  constructor(
    database: DatabaseSync,
    options: SqliteStoreOptions & {
      connection: SqliteConnection;
      queue: CommitQueue;
      reserve?: DiskReserve;
    },
  ) {
    this.#reserve = options.reserve ?? NO_RESERVE;
    this.#defer = options.defer;
    this.#connection = options.connection;
    this.#queue = options.queue;
    this.#cache = new EntryCache(options.cacheBytesMax ?? CACHE_BYTES_MAX);
    this.#meta = createSqliteMeta(database);
    this.#writer = createSqliteWriter(database);
    this.#reader = createSqliteReader(database, this.#cache);
    this.#replay = createSqliteReplay(database);
    this.#sweep = createSqliteSweep(database);
    const meta = this.#connection.write('open', () => this.#meta.begin(options.epochMin ?? 0));
    this.epoch = meta.epoch;
    this.#swept = meta.swept;
    this.#range = { compacted: meta.compacted, revision: Math.max(this.#reader.newestRow(), meta.compacted) };
    this.#watches = new Watches(
      { range: () => this.#range, readEvents: (prefix, after) => this.#readEvents(prefix, after) },
      options.defer,
    );
  }

  get revision(): number {
    return this.#range.revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    const recent = this.#recent.get(key);
    if (recent !== undefined && !this.#connection.isClosed) return recent;
    const entry = this.#connection.read(() => this.#reader.get(key));
    if (entry !== undefined) this.#recent.keep(entry);
    return entry;
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    const { revision = this.revision, limit = Infinity, startAfter } = options;
    assert(limit >= 1, `list limit ${limit}: want 1 or more`);
    const entries: Entry[] = [];
    let slice = this.#slice(rangeOf(prefix, startAfter), { revision, limit });
    entries.push(...slice.entries);
    while (slice.rest !== undefined && entries.length < limit) {
      await this.#turn();
      slice = this.#slice(slice.rest, { revision, limit: limit - entries.length });
      entries.push(...slice.entries);
    }
    const remaining = slice.rest === undefined ? 0 : this.#count(slice.rest, revision);
    return { entries, revision, remaining };
  }

  async count(prefix: string): Promise<number> {
    return this.#count(rangeOf(prefix), this.revision);
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    this.#connection.assertWritable();
    const committed = this.#queue.add(operations);
    this.#flushSoon();
    return committed;
  }

  async watch(prefix: string, after: number, watcher: Watcher): Promise<WatchHandle> {
    return this.#connection.read(() => {
      assertReadable(this.#range, after);
      return this.#watches.open(prefix, after, watcher);
    });
  }

  async compact(revision: number): Promise<void> {
    this.#connection.assertWritable();
    if (revision > this.#range.compacted) {
      assertReadable(this.#range, revision);
      failpoint('compact.before');
      this.#writeDespiteFullDisk(() => this.#meta.write({ compacted: revision }));
      this.#range = { ...this.#range, compacted: revision };
    }
    while (this.#sweepSlice()) await this.#turn();
    failpoint('compact.after');
    this.#reserve.hold();
  }

  async assertHasRoom(): Promise<void> {
    this.#connection.assertWritable();
    if (this.#full === undefined) return;
    if (!this.#reserve.hasRoom()) throw this.#full;
    this.#connection.write('commit', () => this.#meta.write({ swept: this.#swept }));
    this.#full = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#connection.isClosed) return;
    while (this.#queue.length > 0) this.#flush();
    this.#watches.endAll(new StoreUnavailableError('the store was closed'));
    this.#connection.close();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#defer(() => {
      this.#flushing = false;
      if (this.#queue.length > 0) this.#flush();
      if (this.#queue.length > 0) this.#flushSoon();
    });
  }

  /** Makes one batch durable with one fsync, then acknowledges it and tells the watches. */
  #flush(): void {
    const batch = this.#queue.takeBatch();
    try {
      this.#commitBatch(batch);
    } catch (error) {
      this.#commitDeletions(batch, error);
    }
  }

  /** What can still be done on a full disk: what only deletes, or begins to, has a reserve. The rest is refused with `error`. */
  #commitDeletions(batch: readonly QueuedCommit[], error: unknown): void {
    const isFull = error instanceof StoreUnavailableError && isOutOfSpace(error.cause);
    if (isFull) this.#full = error;
    const isDeletion = ({ operations }: QueuedCommit): boolean =>
      isFull && operations.every((operation) => operation.type !== 'put' || operation.makesRoom === true);
    const deletions = batch.filter(isDeletion);
    for (const commit of batch) if (!isDeletion(commit)) commit.reject(error);
    if (deletions.length === 0) return;
    this.#reserve.release();
    try {
      this.#commitBatch(deletions);
    } catch (again) {
      for (const { reject } of deletions) reject(again);
    }
  }

  #writeDespiteFullDisk<T>(work: () => T): T {
    try {
      return this.#connection.write('compact', work);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || !isOutOfSpace(error.cause)) throw error;
      this.#reserve.release();
      return this.#connection.write('compact', work);
    }
  }

  #commitBatch(batch: readonly QueuedCommit[]): void {
    const applied = this.#connection.write('commit', () => this.#apply(batch));
    const newest = applied.findLast((outcome) => outcome.type === 'committed')?.revision ?? this.revision;
    this.#range = { ...this.#range, revision: newest };
    for (const [index, outcome] of applied.entries())
      this.#acknowledge(batch[index] as QueuedCommit, outcome);
    const events = applied.flatMap((outcome) => this.#eventsOf(outcome));
    for (const outcome of applied) this.#keepInCache(outcome);
    if (events.length > 0) this.#watches.publish(events);
  }

  #apply(batch: readonly QueuedCommit[]): Applied[] {
    let { revision } = this;
    return batch.map(({ operations }) => {
      const outcome = this.#writer.apply(operations, revision);
      failpoint('commit.within');
      if (outcome.type === 'committed') ({ revision } = outcome);
      return outcome;
    });
  }

  #acknowledge({ resolve, reject }: QueuedCommit, outcome: Applied): void {
    if (outcome.type === 'committed') return resolve({ type: 'committed', revision: outcome.revision });
    const { key, id } = outcome;
    try {
      resolve({ type: 'conflict', key, current: id === undefined ? undefined : this.#entryOfRow(id) });
    } catch (error) {
      reject(error);
    }
  }

  /** The events of one outcome, as far as somebody watches; a damaged last state ends the watches that needed it. */
  #eventsOf(outcome: Applied): StoreEvent[] {
    if (outcome.type === 'conflict') return [];
    const watched = outcome.changes.filter(({ key }) => this.#watches.isWatched(key));
    return watched.flatMap((change) => {
      try {
        return this.#eventOf(change, outcome.revision);
      } catch (error) {
        this.#watches.endCovering(change.key, error as Error);
        return [];
      }
    });
  }

  #eventOf({ key, deleted, value, previousId }: AppliedChange, revision: number): StoreEvent {
    const previous = previousId === undefined ? undefined : this.#entryOfRow(previousId)?.value;
    const told = value ?? previous ?? new Uint8Array();
    const event = { type: deleted ? 'delete' : 'put', key, value: told, revision } as const;
    return previous === undefined ? event : { ...event, previous };
  }

  #keepInCache(outcome: Applied): void {
    if (outcome.type === 'conflict') return;
    const { revision } = outcome;
    for (const { id, key, deleted, value, previousId } of outcome.changes) {
      this.#recent.forget(key);
      if (previousId !== undefined) this.#cache.drop(previousId);
      if (!deleted && value !== undefined) this.#cache.written(id, { key, value, revision });
    }
  }

  #entryOfRow(id: number): Entry | undefined {
    return this.#connection.read(() => this.#reader.entryOfRow(id));
  }

  #slice(range: KeyRange, { revision, limit }: { revision: number; limit: number }): Slice {
    return this.#connection.read(() => {
      assertReadable(this.#range, revision);
      return this.#reader.slice(range, { boundary: this.#reader.boundary(revision), limit });
    });
  }

  #count(range: KeyRange, revision: number): number {
    return this.#connection.read(() => this.#reader.count(range, this.#reader.boundary(revision)));
  }

  #readEvents(prefix: string, after: number): EventPage {
    return this.#connection.read(() => {
      return this.#replay.read(prefix, { after: this.#reader.boundary(after), newest: this.revision });
    });
  }

  /** Compacts a little; false where nothing is left to do. */
  #sweepSlice(): boolean {
    this.#connection.assertWritable();
    const boundary = this.#connection.read(() => this.#reader.boundary(this.#range.compacted));
    if (this.#swept >= boundary) return false;
    this.#swept = this.#writeDespiteFullDisk(() => {
      const swept = this.#sweep.slice(this.#swept, boundary);
      this.#meta.write({ swept });
      failpoint('compact.within');
      return swept;
    });
    return this.#swept < boundary;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#defer(resolve));
  }
}
