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

/** The numbers' table. Writes are within the transaction that the caller holds open. */
export interface SqliteMetaTable {
  /**
   * The numbers in force, with an epoch of at least `epochMin`. A higher one than before begins after every revision
   * there was, and is written.
   */
  begin(epochMin: number): SqliteMeta;
  write(meta: Partial<SqliteMeta>): void;
}

/** Prepares the statements for the numbers. */
export function createSqliteMeta(database: DatabaseSync): SqliteMetaTable {
  const select = prepare<[name: string], [value: number]>(database, 'SELECT value FROM meta WHERE name = ?');
  const replace = prepare<[name: string, value: number]>(
    database,
    'INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)',
  );
  const read = (name: keyof SqliteMeta): number | undefined => select.one(name)?.[0];
  const write = (meta: Partial<SqliteMeta>): void => {
    for (const [name, value] of Object.entries(meta)) replace.run(name, value);
  };
  return {
    write,
    begin(epochMin) {
      const [epoch, compacted, swept = 0] = [read('epoch'), read('compacted'), read('swept')];
      if (epoch !== undefined && compacted !== undefined && epoch >= epochMin)
        return { epoch, compacted, swept };
      const raised = { epoch: epochMin, compacted: firstRevision(epochMin), swept };
      write(raised);
      return raised;
    },
  };
}
