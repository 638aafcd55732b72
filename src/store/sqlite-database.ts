import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Migration, migrateDatabase } from '#store/sqlite-migration.ts';
import { StoreFormatError, StoreUnavailableError } from '#store/store.ts';
import { assert } from '#system/assert.ts';
import { errorCode } from '#system/disk.ts';

/** SQLite's "WAL-reset" bug, which corrupts data where two connections write, lived up to 3.51.2. */
export const SQLITE_VERSION_MIN = '3.51.3';

/** The version of the tables below. A newer one is refused, an older one is migrated. */
export const FORMAT_VERSION = 1;

/** Marks a SQLite file as Skerry's: "SKRY". */
const APPLICATION_ID = 0x534b5259;

/** Pages kept in memory, in KiB. What is beyond comes from the operating system's cache. */
const CACHE_KIB = 8 * 1024;

/**
 * The tables. `log` is append-only and its row id is the revision: the last row of a commit has the commit's revision as
 * its id, and `ahead` says how many rows of the same commit follow. `previous` is the row that a row supersedes, 0 where
 * the key was absent. `current` has each key's newest row, a tombstone (`deleted`) included until it is compacted.
 */
const TABLES = `
  CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    ahead INTEGER NOT NULL,
    key TEXT NOT NULL,
    previous INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    value BLOB
  ) STRICT;
  CREATE TABLE current (
    key TEXT PRIMARY KEY,
    id INTEGER NOT NULL,
    ahead INTEGER NOT NULL,
    deleted INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** What a program knows of the tables: how to make them, and how to bring those of older versions up to date. */
export interface StoreFormat {
  readonly version: number;
  readonly tables: string;
  /** A step for each version after the first, in order. */
  readonly migrations: readonly Migration[];
}

/** What this program knows. To change the tables, see docs/checklists.md. */
export const STORE_FORMAT: StoreFormat = { version: FORMAT_VERSION, tables: TABLES, migrations: [] };

/**
 * Opens the one connection to a database file, makes the tables where the file is new, and migrates them where an older
 * version made them. The file's folder exists; the
 * file is readable for its owner only. Throws {@link StoreFormatError} where the data is newer, damaged or not Skerry's, and
 * {@link StoreUnavailableError} where another process has it open or the disk refuses.
 */
export function openDatabase(path: string, format = STORE_FORMAT): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    // Before SQLite would make it readable for all; what SQLite puts beside it takes its mode from here.
    closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path);
    prepareDatabase(database, path, format);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw openingError(path, error);
  }
}

/** Throws where this version of SQLite may damage data. */
export function assertSqliteVersion(version: string): void {
  const found = version.split('.').map(Number);
  for (const [index, wanted] of SQLITE_VERSION_MIN.split('.').map(Number).entries()) {
    const part = found[index] ?? 0;
    if (part > wanted) return;
    if (part === wanted) continue;
    throw new StoreUnavailableError(
      `SQLite ${version} may damage data: run Skerry on a Node.js with SQLite ${SQLITE_VERSION_MIN} or newer`,
    );
  }
}

/** SQLite's extended result code of an error of `node:sqlite`; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** Primary result codes (https://www.sqlite.org/rescode.html). */
export const SQLITE_BUSY = 5;
export const SQLITE_CORRUPT = 11;
export const SQLITE_FULL = 13;
export const SQLITE_NOTADB = 26;

/** Extended: a write of bytes failed, before any of them was to be made durable. */
export const SQLITE_IOERR_WRITE = 778;

/** The primary code in an extended one. */
export function primaryCode(code: number | undefined): number | undefined {
  return code === undefined ? undefined : code & 0xff;
}

function prepareDatabase(database: DatabaseSync, path: string, format: StoreFormat): void {
  assertSqliteVersion(String(readPragma(database, 'SELECT sqlite_version()')));
  // Before anything else: no other connection, so no shared memory, no second writer and no second checkpoint.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  const application = readPragma(database, 'PRAGMA application_id');
  const found = Number(readPragma(database, 'PRAGMA user_version'));
  const isNew = readPragma(database, 'SELECT count(*) FROM sqlite_schema') === 0;
  if (!isNew && application !== APPLICATION_ID) {
    throw new StoreFormatError(`"${path}" is not Skerry's data: use another --data folder`);
  }
  if (found > format.version) {
    const what = `format ${found}, newer than ${format.version}, the newest this Skerry knows`;
    throw new StoreFormatError(`"${path}" has ${what}: run the newer Skerry or use another --data folder`);
  }
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
    PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA cache_size = -${CACHE_KIB}`);
  assert(
    readPragma(database, 'PRAGMA journal_mode') === 'wal',
    `"${path}": SQLite does not offer a write-ahead log`,
  );
  assert(readPragma(database, 'PRAGMA synchronous') === 2, `"${path}": SQLite does not sync each commit`);
  if (!isNew) return migrateDatabase(database, { from: found, steps: format.migrations });
  database.exec(`BEGIN IMMEDIATE; ${format.tables}
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${format.version}; COMMIT`);
}

function readPragma(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

function openingError(path: string, error: unknown): unknown {
  switch (primaryCode(sqliteCode(error))) {
    case undefined:
      if (errorCode(error) === undefined) return error;
      return new StoreUnavailableError(`could not open "${path}"`, { cause: error });
    case SQLITE_BUSY:
      return new StoreUnavailableError(
        `"${path}" is in use: stop the other Skerry or use another --data folder`,
        {
          cause: error,
        },
      );
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new StoreFormatError(`"${path}" is damaged: restore a backup or use another --data folder`, {
        cause: error,
      });
    default:
      return new StoreUnavailableError(`could not open "${path}"`, { cause: error });
  }
}
