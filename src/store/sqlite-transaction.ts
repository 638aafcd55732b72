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

/** Frames of the write-ahead log that wait to be copied into the database before a checkpoint is due: 4 MiB. */
const CHECKPOINT_FRAMES_MIN = 1000;

/** Durable transactions on the one connection, and the checkpoints that they make due. */
export interface SqliteTransactions {
  /** Runs `work` and makes it durable; or undoes it and throws what went wrong. */
  run<T>(work: () => T): T;
  isCheckpointDue(): boolean;
  /** Copies the write-ahead log into the database, after which its space is used again. */
  checkpoint(): void;
}

/** Prepares the statements around transactions. */
export function createSqliteTransactions(database: DatabaseSync): SqliteTransactions {
  const begin = prepare<[]>(database, 'BEGIN IMMEDIATE');
  const commit = prepare<[]>(database, 'COMMIT');
  const measure = prepare<[], [busy: number, frames: number, checkpointed: number]>(
    database,
    'PRAGMA wal_checkpoint(NOOP)',
  );
  const checkpoint = prepare<[], [busy: number, frames: number, checkpointed: number]>(
    database,
    'PRAGMA wal_checkpoint(PASSIVE)',
  );
  return {
    run(work) {
      begin.run();
      try {
        const result = work();
        commit.run();
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    isCheckpointDue() {
      const [, frames, checkpointed] = measure.one() ?? [0, 0, 0];
      return frames - checkpointed >= CHECKPOINT_FRAMES_MIN;
    },
    checkpoint() {
      checkpoint.one();
    },
  };
}

/**
 * Whether writing may be tried again after this error: the disk was full, or refused bytes before they were to be made
 * durable. Not so after a failed fsync: the kernel may have dropped what it could not write, and would say yes to the
 * next one (https://wiki.postgresql.org/wiki/Fsync_Errors). Only a new start, which reads back what is there, helps.
 */
export function mayWriteAgain(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_IOERR_WRITE || primaryCode(code) === SQLITE_FULL;
}

/** An error of a read, in the words of the contract. */
export function readError(error: unknown): unknown {
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
