import type { DatabaseSync } from 'node:sqlite';
import {
  primaryCode,
  SQLITE_CORRUPT,
  SQLITE_FULL,
  SQLITE_IOERR_WRITE,
  SQLITE_NOTADB,
  sqliteCode,
} from '#store/sqlite-database.ts';
import { prepare } from '#store/sqlite-statement.ts';
import { StoreFormatError, StoreUnavailableError } from '#store/store.ts';
import { failpoint } from '#system/failpoints.ts';

/** Commits after which the write-ahead log is measured: they write at most 4 MiB each. */
const COMMITS_BETWEEN_MEASURES = 16;

/** Frames of the write-ahead log that wait to be copied into the database before a checkpoint is due: 4 MiB. */
const CHECKPOINT_FRAMES_MIN = 1000;

export interface SqliteConnectionOptions {
  /** Calls back in a later turn of the event loop. */
  readonly defer: (callback: () => void) => void;
  /** Called once, when nothing more can be made durable: the connection only reads from then on. */
  readonly onFailure: (error: StoreUnavailableError) => void;
}

type State =
  | { readonly type: 'open' }
  | { readonly type: 'readOnly'; readonly error: StoreUnavailableError }
  | { readonly type: 'closed' };

/**
 * The one connection: durable transactions, checkpoints between them, and what becomes of it where the disk fails. Its
 * errors are those of the store's contract; what is not SQLite's passes through.
 */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #options: SqliteConnectionOptions;
  readonly #begin;
  readonly #commit;
  readonly #measureLog;
  readonly #checkpoint;
  #state: State = { type: 'open' };
  #checkpointing = false;
  #commitsUnmeasured = 0;

  constructor(database: DatabaseSync, options: SqliteConnectionOptions) {
    this.#database = database;
    this.#options = options;
    this.#begin = prepare<[]>(database, 'BEGIN IMMEDIATE');
    this.#commit = prepare<[]>(database, 'COMMIT');
    this.#measureLog = prepare<[], Progress>(database, 'PRAGMA wal_checkpoint(NOOP)');
    this.#checkpoint = prepare<[], Progress>(database, 'PRAGMA wal_checkpoint(PASSIVE)');
  }

  get isClosed(): boolean {
    return this.#state.type === 'closed';
  }

  /** Runs a read. */
  read<T>(work: () => T): T {
    if (this.isClosed) throw closedError();
    try {
      return work();
    } catch (error) {
      throw readError(error);
    }
  }

  /** Runs `work` in a transaction and makes it durable; or undoes it, and throws what went wrong with `action`. */
  write<T>(action: string, work: () => T): T {
    this.assertWritable();
    try {
      const result = this.#transaction(work);
      this.#checkpointSoon();
      return result;
    } catch (cause) {
      throw this.#failed(action, cause);
    }
  }

  /** Throws where the connection is closed, or no longer writes. */
  assertWritable(): void {
    if (this.#state.type === 'closed') throw closedError();
    if (this.#state.type === 'open') return;
    const { message, cause } = this.#state.error;
    throw new StoreUnavailableError(message, { cause });
  }

  /** Closes the database. Idempotent. */
  close(): void {
    if (this.isClosed) return;
    this.#state = { type: 'closed' };
    this.#database.close();
  }

  #transaction<T>(work: () => T): T {
    this.#begin.run();
    try {
      const result = work();
      failpoint('commit.before');
      failpoint('commit.sync');
      this.#commit.run();
      failpoint('commit.after');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Copies the write-ahead log into the database where it is long; in a turn of its own, so that no answer waits for it. */
  #checkpointSoon(): void {
    this.#commitsUnmeasured += 1;
    if (this.#checkpointing || this.#commitsUnmeasured < COMMITS_BETWEEN_MEASURES) return;
    this.#checkpointing = true;
    this.#commitsUnmeasured = 0;
    this.#options.defer(() => {
      this.#checkpointing = false;
      if (this.#state.type !== 'open') return;
      try {
        const [, frames, copied] = this.#measureLog.one() ?? [0, 0, 0];
        if (frames - copied >= CHECKPOINT_FRAMES_MIN) this.#checkpoint.one();
      } catch (cause) {
        // Where this passes, the next write tries again; meanwhile the write-ahead log has everything.
        this.#failed('checkpoint', cause);
      }
    });
  }

  /**
   * What a failed write means. The disk may have been full, or have refused bytes before they were to be made durable:
   * that passes. Not so a failed fsync: the kernel may have dropped what it could not write, and would say yes to the next
   * one (https://wiki.postgresql.org/wiki/Fsync_Errors). Only a new start helps, which reads back what is there.
   */
  #failed(action: string, cause: unknown): StoreUnavailableError {
    if (isOutOfSpace(cause)) {
      const message = `could not ${action}: the disk is full or refuses to write`;
      return new StoreUnavailableError(message, { cause });
    }
    const message = `could not ${action}: the disk is failing, no write is accepted until a restart`;
    const error = new StoreUnavailableError(message, { cause });
    this.#state = { type: 'readOnly', error };
    this.#options.onFailure(error);
    return error;
  }
}

/** Whether a write failed for want of space: it may pass again when there is some. */
export function isOutOfSpace(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_IOERR_WRITE || primaryCode(code) === SQLITE_FULL;
}

type Progress = [busy: number, frames: number, copied: number];

function closedError(): StoreUnavailableError {
  return new StoreUnavailableError('the store was closed');
}

function readError(error: unknown): unknown {
  switch (primaryCode(sqliteCode(error))) {
    case undefined:
      return error;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new StoreFormatError('the data is damaged: restore a backup', { cause: error });
    default:
      return new StoreUnavailableError('could not read the data', { cause: error });
  }
}
