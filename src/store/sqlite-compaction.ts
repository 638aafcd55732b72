import type { DatabaseSync } from 'node:sqlite';
import { prepare } from '#store/sqlite-statement.ts';

/** The most rows of the log that one slice looks at: a slice is one short transaction, other work goes on between two. */
const SLICE_ROWS_MAX = 100;

/** Deletes, slice by slice, what no revision from the compacted one on needs. */
export interface SqliteSweep {
  /**
   * Looks at the next rows after row `swept`, up to row `boundary`, within the transaction that the caller holds open:
   * deletes the rows that they supersede, and tombstones. Returns the last row looked at: the next `swept`.
   */
  slice(swept: number, boundary: number): number;
}

/** Prepares the statements that sweep. */
export function createSqliteSweep(database: DatabaseSync): SqliteSweep {
  const lastOfSlice = prepare<[swept: number, boundary: number, rows: number], [id: number | null]>(
    database,
    'SELECT max(id) FROM (SELECT id FROM log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?)',
  );
  const deleteSuperseded = prepare<[swept: number, last: number]>(
    database,
    'DELETE FROM log WHERE id IN (SELECT previous FROM log WHERE id > ? AND id <= ?)',
  );
  const forgetDeletedKeys = prepare<[swept: number, last: number, lastAgain: number]>(
    database,
    `DELETE FROM current WHERE deleted = 1
     AND key IN (SELECT key FROM log WHERE id > ? AND id <= ? AND deleted = 1) AND id <= ?`,
  );
  const deleteTombstones = prepare<[swept: number, last: number]>(
    database,
    'DELETE FROM log WHERE id > ? AND id <= ? AND deleted = 1',
  );
  return {
    slice(swept, boundary) {
      const last = lastOfSlice.one(swept, boundary, SLICE_ROWS_MAX)?.[0] ?? boundary;
      deleteSuperseded.run(swept, last);
      forgetDeletedKeys.run(swept, last, last);
      deleteTombstones.run(swept, last);
      return last;
    },
  };
}
