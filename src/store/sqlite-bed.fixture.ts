import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '#store/sqlite.ts';
import type { Store } from '#store/store.ts';

/** Runs `work` with the path of a database in a folder of its own. */
export async function inFolder(work: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = makeFolder();
  try {
    await work(join(folder, 'store.db'), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A new temporary folder. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'skerry-store-'));
}

/** Opens the store at `path` for `work`, and closes it. */
export async function withStore<T>(
  path: string,
  work: (store: Store) => Promise<T>,
  options: { keepsReserve?: boolean } = {},
): Promise<T> {
  await using store = openSqliteStore(path, { defer: setImmediate, ...options });
  return await work(store);
}

/** Runs SQL on a database that no store has open. */
export function alter(path: string, sql: string): Record<string, unknown> | undefined {
  const database = new DatabaseSync(path);
  const row = database.prepare(sql).get();
  database.close();
  return row;
}

/** A database whose COMMIT fails on demand with an error of SQLite, and counts. */
export function failingDatabase(database: DatabaseSync): {
  database: DatabaseSync;
  failWith(code: number | undefined): void;
  commits(): number;
} {
  let failure: number | undefined;
  let commits = 0;
  const commit = database.prepare('COMMIT');
  const run = (): ReturnType<typeof commit.run> => {
    commits += 1;
    if (failure === undefined) return commit.run();
    throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: failure });
  };
  const failingCommit = { run, setReturnArrays: () => undefined };
  const proxy = new Proxy(database, {
    get(target, property) {
      if (property === 'prepare') {
        return (sql: string) => (sql === 'COMMIT' ? failingCommit : target.prepare(sql));
      }
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return {
    database: proxy,
    commits: () => commits,
    failWith(code) {
      failure = code;
    },
  };
}
