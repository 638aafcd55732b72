import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { StoreFormatError } from '#store/store.ts';

/** What SQLite hands out. */
type Column = null | number | string | Uint8Array;

/** A prepared statement whose rows are tuples in the order of the columns. */
export interface Statement<Parameters extends SQLInputValue[], Row extends Column[]> {
  /** The first row, or undefined. */
  one(...parameters: Parameters): Row | undefined;
  all(...parameters: Parameters): Row[];
  /** Row by row; leaving the loop ends the read. One read of a statement at a time. */
  each(...parameters: Parameters): IterableIterator<Row>;
  run(...parameters: Parameters): void;
}

/** Prepares a statement. The caller vouches for the types: the tables are strict. */
export function prepare<Parameters extends SQLInputValue[], Row extends Column[] = []>(
  database: DatabaseSync,
  sql: string,
): Statement<Parameters, Row> {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return {
    one: (...parameters) => statement.get(...parameters) as unknown as Row | undefined,
    all: (...parameters) => statement.all(...parameters) as unknown as Row[],
    each: (...parameters) => statement.iterate(...parameters) as unknown as IterableIterator<Row>,
    run: (...parameters) => void statement.run(...parameters),
  };
}

/** SQLite keeps no checksum of its pages, so each row has one of its key and value. */
export function checksumOf(key: string, value: Uint8Array | null): number {
  const seed = crc32(key);
  return value === null ? seed : crc32(value, seed);
}

/** `value`, where it is what was written; throws {@link StoreFormatError} where it is not. */
export function verified<Value extends Uint8Array | null>(
  key: string,
  checksum: number,
  value: Value,
): Value {
  if (checksumOf(key, value) === checksum) return value;
  throw new StoreFormatError(`"${key}" is damaged on disk: restore a backup, or write it anew`);
}

/** The upper bound for keys where a range has no end: SQLite orders every text before every blob. */
const AFTER_ALL_KEYS = new Uint8Array();

/** The end of a range of keys, as a statement takes it. */
export function upperBound(end: string | undefined): string | Uint8Array {
  return end ?? AFTER_ALL_KEYS;
}
