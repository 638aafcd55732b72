import type { DatabaseSync } from 'node:sqlite';
import { prefixEnd } from '#store/key-order.ts';
import { prepare, upperBound, verified } from '#store/sqlite-statement.ts';
import type { StoreEvent } from '#store/store.ts';
import type { EventPage } from '#store/watches.ts';

/** The most rows that one page of a replay looks at, but for the rest of the last commit in it. */
const PAGE_ROWS_MAX = 250;

/** The bytes of values after which a page ends with its commit. */
const PAGE_BYTES_MAX = 1024 * 1024;

type Columns = [
  id: number,
  ahead: number,
  key: string,
  deleted: number,
  checksum: number,
  value: Uint8Array | null,
  previousChecksum: number | null,
  previousValue: Uint8Array | null,
];

/** Reads the log for watches that begin in the past. */
export interface SqliteReplay {
  /**
   * The changes under `prefix` of some whole commits after row `after`, a commit's last, up to row `newest`. Throws
   * StoreFormatError where a value is damaged.
   */
  read(prefix: string, options: { after: number; newest: number }): EventPage;
}

/** Prepares the statements that replay. */
export function createSqliteReplay(database: DatabaseSync): SqliteReplay {
  const findAhead = prepare<[id: number], [ahead: number]>(database, 'SELECT ahead FROM log WHERE id = ?');
  const scan = prepare<[after: number, upTo: number, from: string, end: string | Uint8Array], Columns>(
    database,
    `SELECT l.id, l.ahead, l.key, l.deleted, l.checksum, l.value, p.checksum, p.value
     FROM log l LEFT JOIN log p ON p.id = l.previous AND p.deleted = 0
     WHERE l.id > ? AND l.id <= ? AND l.key >= ? AND l.key < ? ORDER BY l.id`,
  );
  return {
    read(prefix, { after, newest }) {
      const last = Math.min(after + PAGE_ROWS_MAX, newest);
      const upTo = last + (findAhead.one(last)?.[0] ?? 0);
      const events: StoreEvent[] = [];
      let bytes = 0;
      for (const row of scan.each(after, upTo, prefix, upperBound(prefixEnd(prefix)))) {
        const event = eventOf(row);
        if (bytes >= PAGE_BYTES_MAX && event.revision !== events.at(-1)?.revision) {
          return { events, upTo: events.at(-1)?.revision ?? after };
        }
        events.push(event);
        bytes += event.value.length + (event.previous?.length ?? 0);
      }
      return { events, upTo };
    },
  };
}

function eventOf(row: Columns): StoreEvent {
  const [id, ahead, key, deleted, checksum, stored, previousChecksum, previousStored] = row;
  const previous =
    previousChecksum === null || previousStored === null
      ? undefined
      : verified(key, previousChecksum, previousStored);
  const value = verified(key, checksum, stored) ?? previous ?? new Uint8Array();
  const event = { type: deleted === 1 ? 'delete' : 'put', key, value, revision: id + ahead } as const;
  return previous === undefined ? event : { ...event, previous };
}
