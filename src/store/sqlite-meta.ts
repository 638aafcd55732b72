import type { DatabaseSync } from 'node:sqlite';
import { firstRevision } from '#store/revision-range.ts';
import { prepare } from '#store/sqlite-statement.ts';

/** The few numbers that a store keeps beside its rows. */
export interface SqliteMeta {
  readonly epoch: number;
  /** The oldest revision that can be read. */
  readonly compacted: number;
  /** The last row of the log that compaction has dealt with. */
  readonly swept: number;
}

/** Reads and writes {@link SqliteMeta}. */
export interface SqliteMetaTable {
  /** Undefined in a new database. */
  read(): SqliteMeta | undefined;
  write(meta: Partial<SqliteMeta>): void;
}

/** Prepares the statements for the numbers. */
export function createSqliteMeta(database: DatabaseSync): SqliteMetaTable {
  const select = prepare<[name: string], [value: number]>(database, 'SELECT value FROM meta WHERE name = ?');
  const replace = prepare<[name: string, value: number]>(
    database,
    'INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)',
  );
  return {
    read() {
      const [epoch, compacted, swept] = ['epoch', 'compacted', 'swept'].map((name) => select.one(name)?.[0]);
      if (epoch === undefined || compacted === undefined || swept === undefined) return undefined;
      return { epoch, compacted, swept };
    },
    write(meta) {
      for (const [name, value] of Object.entries(meta)) replace.run(name, value);
    },
  };
}

/** The numbers in force with an epoch of at least `epochMin`: a higher one begins after every revision there was. */
export function raiseEpoch(kept: SqliteMeta | undefined, epochMin: number): SqliteMeta {
  if (kept !== undefined && kept.epoch >= epochMin) return kept;
  return { epoch: epochMin, compacted: firstRevision(epochMin), swept: kept?.swept ?? 0 };
}
