import type { DatabaseSync } from 'node:sqlite';
import type { EntryCache } from '#store/entry-cache.ts';
import { compareKeys, prefixEnd } from '#store/key-order.ts';
import { prepare, upperBound, verified } from '#store/sqlite-statement.ts';
import type { Entry } from '#store/store.ts';
import { COMMIT_OPERATIONS_MAX } from '#store/store.ts';

/** The most keys that one slice of a list looks at, so that it holds up the event loop for a few milliseconds only. */
const SLICE_KEYS_MAX = 1000;

/** The bytes of values read from disk after which a slice ends. */
const SLICE_BYTES_MAX = 1024 * 1024;

/** Keys from `from`, inclusive, to `end`, exclusive; undefined: no end. */
export interface KeyRange {
  readonly from: string;
  readonly end: string | undefined;
}

/** The keys under `prefix`, only those after `startAfter` where that is given. */
export function rangeOf(prefix: string, startAfter?: string): KeyRange {
  const end = prefixEnd(prefix);
  // U+0000 stands in no key, so this is the least text after `startAfter`.
  const from = startAfter === undefined ? prefix : `${startAfter}\0`;
  return { from: compareKeys(from, prefix) < 0 ? prefix : from, end };
}

/** A part of a list. */
export interface Slice {
  readonly entries: readonly Entry[];
  /** What is left of the range; undefined where the slice came to its end. */
  readonly rest: KeyRange | undefined;
}

/** Reads of the state, now or at a revision. All of them throw StoreFormatError where a value is damaged. */
export interface SqliteReader {
  get(key: string): Entry | undefined;
  /** The row `id`, which is no tombstone; undefined where there is none. */
  entryOfRow(id: number): Entry | undefined;
  /** The first entries of a range at `boundary`: at most `limit`, and no more than one turn should read. */
  slice(range: KeyRange, options: { boundary: number; limit: number }): Slice;
  /** How many keys a range has at `boundary`. */
  count(range: KeyRange, boundary: number): number;
  /** The last row of the newest commit that is whole at `revision`. Row ids are compared with this, never with a revision. */
  boundary(revision: number): number;
  /** The last row of the log; 0 where it is empty. */
  newestRow(): number;
}

type ScanColumns = [id: number, deleted: number];
type RowColumns = [key: string, ahead: number, deleted: number, checksum: number, value: Uint8Array | null];

/** Prepares the statements that read the state. What is read comes from `cache`, or goes there. */
export function createSqliteReader(database: DatabaseSync, cache: EntryCache): SqliteReader {
  const findCurrent = prepare<[key: string], [id: number]>(
    database,
    'SELECT id FROM current WHERE key = ? AND deleted = 0',
  );
  const findRow = prepare<[id: number], RowColumns>(
    database,
    'SELECT key, ahead, deleted, checksum, value FROM log WHERE id = ?',
  );
  const findPrevious = prepare<[id: number], [previous: number]>(
    database,
    'SELECT previous FROM log WHERE id = ?',
  );
  const isLive = prepare<[id: number], [one: number]>(
    database,
    'SELECT 1 FROM log WHERE id = ? AND deleted = 0',
  );
  const scan = prepare<[from: string, end: string | Uint8Array, limit: number], ScanColumns>(
    database,
    'SELECT id, deleted FROM current WHERE key >= ? AND key < ? ORDER BY key LIMIT ?',
  );
  const findKey = prepare<[id: number], [key: string]>(database, 'SELECT key FROM log WHERE id = ?');
  const countUpTo = prepare<[from: string, end: string | Uint8Array, boundary: number], [count: number]>(
    database,
    'SELECT count(*) FROM current WHERE key >= ? AND key < ? AND deleted = 0 AND id <= ?',
  );
  const scanNewer = prepare<[from: string, end: string | Uint8Array, boundary: number], [id: number]>(
    database,
    'SELECT id FROM current WHERE key >= ? AND key < ? AND id > ?',
  );
  const findNewest = prepare<[], [id: number | null]>(database, 'SELECT max(id) FROM log');
  const findAhead = prepare<[id: number], [ahead: number]>(database, 'SELECT ahead FROM log WHERE id = ?');
  const findFirst = prepare<[after: number, upTo: number, revision: number], [id: number | null]>(
    database,
    'SELECT min(id) FROM log WHERE id > ? AND id <= ? AND id + ahead = ?',
  );

  /** Walks back from a key's newest row to the one in force at `boundary`; 0 where there was none. */
  const rowAt = (newest: number, boundary: number): number => {
    let id = newest;
    while (id > boundary) id = findPrevious.one(id)?.[0] ?? 0;
    return id;
  };

  const entryOfRow = (id: number): Entry | undefined => {
    const cached = cache.get(id);
    if (cached !== undefined || id === 0) return cached;
    const [key, ahead, deleted, checksum, value] = findRow.one(id) ?? ['', 0, 1, 0, null];
    if (deleted === 1 || value === null) return undefined;
    const entry = { key, value: verified(key, checksum, value), revision: id + ahead };
    cache.read(id, entry);
    return entry;
  };

  return {
    entryOfRow,
    get(key) {
      const row = findCurrent.one(key);
      return row && entryOfRow(row[0]);
    },
    slice({ from, end }, { boundary, limit }) {
      const entries: Entry[] = [];
      let bytes = 0;
      // Without their keys, which entries in the cache know: most of them are there.
      const rows = scan.all(from, upperBound(end), SLICE_KEYS_MAX);
      for (const [newest, deleted] of rows) {
        if (deleted === 1 && newest <= boundary) continue;
        const id = rowAt(newest, boundary);
        const cached = cache.get(id);
        const entry = cached ?? entryOfRow(id);
        if (entry === undefined) continue;
        entries.push(entry);
        if (cached === undefined) bytes += entry.value.length;
        if (entries.length >= limit || bytes >= SLICE_BYTES_MAX)
          return { entries, rest: { from: `${entry.key}\0`, end } };
      }
      const last = rows.length < SLICE_KEYS_MAX ? undefined : rows.at(-1);
      const lastKey = last && findKey.one(last[0])?.[0];
      return { entries, rest: lastKey === undefined ? undefined : { from: `${lastKey}\0`, end } };
    },
    count({ from, end }, boundary) {
      let count = countUpTo.one(from, upperBound(end), boundary)?.[0] ?? 0;
      for (const [id] of scanNewer.each(from, upperBound(end), boundary)) {
        if (isLive.one(rowAt(id, boundary)) !== undefined) count += 1;
      }
      return count;
    },
    newestRow: () => findNewest.one()?.[0] ?? 0,
    boundary(revision) {
      const ahead = findAhead.one(revision)?.[0] ?? 0;
      if (ahead === 0) return revision;
      const first =
        findFirst.one(revision - COMMIT_OPERATIONS_MAX, revision, revision + ahead)?.[0] ?? revision;
      return first - 1;
    },
  };
}
