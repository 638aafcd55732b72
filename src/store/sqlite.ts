import type { DatabaseSync } from 'node:sqlite';
import type { QueuedCommit } from '#store/commit-queue.ts';
import { CommitQueue } from '#store/commit-queue.ts';
import { EntryCache } from '#store/entry-cache.ts';
import type { RevisionRange } from '#store/revision-range.ts';
import { assertReadable } from '#store/revision-range.ts';
import { createSqliteSweep } from '#store/sqlite-compaction.ts';
import { openDatabase } from '#store/sqlite-database.ts';
import { createSqliteReplay } from '#store/sqlite-events.ts';
import { createSqliteMeta, raiseEpoch } from '#store/sqlite-meta.ts';
import type { KeyRange, Slice } from '#store/sqlite-read.ts';
import { createSqliteReader, rangeOf } from '#store/sqlite-read.ts';
import { prepare } from '#store/sqlite-statement.ts';
import { createSqliteTransactions, mayWriteAgain, readError } from '#store/sqlite-transaction.ts';
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
import { Watches } from '#store/watches.ts';
import { assert } from '#system/assert.ts';

/** Entries kept in memory, in bytes, where the options do not say otherwise. */
export const CACHE_BYTES_MAX = 32 * 1024 * 1024;

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
  /** Bytes of entries to keep in memory, for gets and lists; {@link CACHE_BYTES_MAX} where absent. */
  readonly cacheBytesMax?: number;
  /**
   * Called once, when the disk failed in a way after which nothing more can be made durable: every write is refused from
   * then on, reads go on. Only a new start of the process helps, which reads back what the disk kept.
   */
  readonly onFailure?: (error: StoreUnavailableError) => void;
}

/** Opens the store in the database file at `path`; errors as {@link openDatabase}. */
export function openSqliteStore(path: string, options: SqliteStoreOptions): Store {
  const database = openDatabase(path);
  try {
    return new SqliteStore(database, options);
  } catch (error) {
    database.close();
    throw readError(error);
  }
}

type State =
  | { readonly type: 'open' }
  | { readonly type: 'readOnly'; readonly error: StoreUnavailableError }
  | { readonly type: 'closed' };

/** The store on a database from {@link openDatabase}, which it closes on disposal. */
export class SqliteStore implements Store {
  readonly epoch: number;
  readonly #database: DatabaseSync;
  readonly #options: SqliteStoreOptions;
  readonly #transactions;
  readonly #meta;
  readonly #writer;
  readonly #reader;
  readonly #replay;
  readonly #sweep;
  readonly #cache: EntryCache;
  readonly #watches: Watches;
  #state: State = { type: 'open' };
  #range: RevisionRange;
  /** The last row that compaction has dealt with. */
  #swept: number;
  readonly #queue = new CommitQueue();
  #flushing = false;
  #checkpointing = false;

  constructor(database: DatabaseSync, options: SqliteStoreOptions) {
    this.#database = database;
    this.#options = options;
    this.#transactions = createSqliteTransactions(database);
    this.#meta = createSqliteMeta(database);
    this.#writer = createSqliteWriter(database);
    this.#cache = new EntryCache(options.cacheBytesMax ?? CACHE_BYTES_MAX);
    this.#reader = createSqliteReader(database, this.#cache);
    this.#replay = createSqliteReplay(database);
    this.#sweep = createSqliteSweep(database);
    const meta = raiseEpoch(this.#meta.read(), options.epochMin ?? 0);
    this.#transactions.run(() => this.#meta.write(meta));
    const [newest] = prepare<[], [id: number | null]>(database, 'SELECT max(id) FROM log').one() ?? [];
    this.epoch = meta.epoch;
    this.#swept = meta.swept;
    this.#range = { compacted: meta.compacted, revision: Math.max(newest ?? 0, meta.compacted) };
    this.#watches = new Watches(this.#watchSource(), options.defer);
  }

  get revision(): number {
    return this.#range.revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#read(() => this.#reader.get(key));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    const { revision = this.revision, limit = Infinity, startAfter } = options;
    assert(limit >= 1, `list limit ${limit}: want 1 or more`);
    const entries: Entry[] = [];
    let range: KeyRange | undefined = rangeOf(prefix, startAfter);
    while (range !== undefined && entries.length < limit) {
      if (entries.length > 0) await this.#turn();
      const slice = this.#slice(range, { revision, limit: limit - entries.length });
      entries.push(...slice.entries);
      range = slice.rest;
    }
    return { entries, revision, remaining: range === undefined ? 0 : this.#count(range, revision) };
  }

  async count(prefix: string): Promise<number> {
    return this.#count(rangeOf(prefix), this.revision);
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    this.#assertWritable();
    const committed = this.#queue.add(operations);
    this.#flushSoon();
    return committed;
  }

  async watch(prefix: string, after: number, watcher: Watcher): Promise<WatchHandle> {
    return this.#read(() => {
      assertReadable(this.#range, after);
      return this.#watches.open(prefix, after, watcher);
    });
  }

  async compact(revision: number): Promise<void> {
    this.#assertWritable();
    if (revision > this.#range.compacted) {
      assertReadable(this.#range, revision);
      this.#write('compact', () => this.#meta.write({ compacted: revision }));
      this.#range = { ...this.#range, compacted: revision };
    }
    while (this.#sweepSlice()) await this.#turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.type === 'closed') return;
    while (this.#queue.length > 0) this.#flush();
    this.#state = { type: 'closed' };
    this.#watches.endAll(new StoreUnavailableError('the store was closed'));
    this.#database.close();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#options.defer(() => {
      this.#flushing = false;
      if (this.#queue.length > 0) this.#flush();
      if (this.#queue.length > 0) this.#flushSoon();
    });
  }

  /** Makes one batch of the queue durable with one fsync, then acknowledges and tells it. */
  #flush(): void {
    const batch = this.#queue.takeBatch();
    let applied: Applied[];
    try {
      applied = this.#write('commit', () => this.#applyAll(batch));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    const newest = applied.findLast((outcome) => outcome.type === 'committed')?.revision ?? this.revision;
    this.#range = { ...this.#range, revision: newest };
    for (const [index, outcome] of applied.entries())
      this.#acknowledge(batch[index] as QueuedCommit, outcome);
    const events = applied.flatMap((outcome) => this.#eventsOf(outcome));
    for (const outcome of applied) this.#keepInCache(outcome);
    if (events.length > 0) this.#watches.publish(events);
  }

  #applyAll(batch: readonly QueuedCommit[]): Applied[] {
    let { revision } = this;
    return batch.map(({ operations }) => {
      const outcome = this.#writer.apply(operations, revision);
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

  #keepInCache(outcome: Applied): void {
    if (outcome.type === 'conflict') return;
    const { revision } = outcome;
    for (const { id, key, deleted, value, previousId } of outcome.changes) {
      if (previousId !== undefined) this.#cache.drop(previousId);
      if (!deleted && value !== undefined) this.#cache.written(id, { key, value, revision });
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
    const type = deleted ? 'delete' : 'put';
    const previous = previousId === undefined ? undefined : this.#entryOfRow(previousId)?.value;
    const told = value ?? previous ?? new Uint8Array();
    if (previous === undefined) return { type, key, value: told, revision };
    return { type, key, value: told, revision, previous };
  }

  #entryOfRow(id: number): Entry | undefined {
    return this.#read(() => this.#reader.entryOfRow(id));
  }

  #slice(range: KeyRange, { revision, limit }: { revision: number; limit: number }): Slice {
    return this.#read(() => {
      assertReadable(this.#range, revision);
      return this.#reader.slice(range, { boundary: this.#reader.boundary(revision), limit });
    });
  }

  #count(range: KeyRange, revision: number): number {
    return this.#read(() => this.#reader.count(range, this.#reader.boundary(revision)));
  }

  /** Compacts a little; false where nothing is left to do. */
  #sweepSlice(): boolean {
    this.#assertWritable();
    const boundary = this.#read(() => this.#reader.boundary(this.#range.compacted));
    if (this.#swept >= boundary) return false;
    this.#swept = this.#write('compact', () => {
      const swept = this.#sweep.slice(this.#swept, boundary);
      this.#meta.write({ swept });
      return swept;
    });
    return this.#swept < boundary;
  }

  /** Runs a read, and turns what SQLite says into the contract's errors. */
  #read<T>(work: () => T): T {
    if (this.#state.type === 'closed') throw new StoreUnavailableError('the store was closed');
    try {
      return work();
    } catch (error) {
      throw readError(error);
    }
  }

  /** Runs a write durably, and turns a failure into the contract's error. */
  #write<T>(action: string, work: () => T): T {
    this.#assertWritable();
    try {
      const result = this.#transactions.run(work);
      if (!this.#checkpointing && this.#transactions.isCheckpointDue()) this.#checkpointSoon();
      return result;
    } catch (cause) {
      throw this.#writeError(action, cause);
    }
  }

  /** In a turn of its own, so that acknowledgements do not wait for it. */
  #checkpointSoon(): void {
    this.#checkpointing = true;
    this.#options.defer(() => {
      this.#checkpointing = false;
      if (this.#state.type !== 'open') return;
      try {
        this.#transactions.checkpoint();
      } catch (cause) {
        // Where this passes, the next write tries again: nothing is lost, the write-ahead log still has it.
        this.#writeError('checkpoint', cause);
      }
    });
  }

  #writeError(action: string, cause: unknown): StoreUnavailableError {
    if (mayWriteAgain(cause)) {
      return new StoreUnavailableError(`could not ${action}: the disk is full or refuses to write`, {
        cause,
      });
    }
    const message = `could not ${action}: the disk is failing, no write is accepted until a restart`;
    const error = new StoreUnavailableError(message, { cause });
    this.#state = { type: 'readOnly', error };
    this.#queue.rejectAll(error);
    this.#options.onFailure?.(error);
    return error;
  }

  #assertWritable(): void {
    if (this.#state.type === 'closed') throw new StoreUnavailableError('the store was closed');
    if (this.#state.type === 'readOnly')
      throw new StoreUnavailableError(this.#state.error.message, this.#state.error);
  }

  #watchSource(): ConstructorParameters<typeof Watches>[0] {
    const range = (): RevisionRange => this.#range;
    return {
      get range() {
        return range();
      },
      readEvents: (prefix, after) =>
        this.#read(() => {
          const boundary = this.#reader.boundary(after);
          return this.#replay.read(prefix, { after: boundary, newest: this.revision });
        }),
    };
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#options.defer(resolve));
  }
}
