import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { describeStore } from '#store/conformance.ts';
import { collect, committed, deletion, pairs, put, text } from '#store/conformance-words.ts';
import { openSqliteStore, SqliteStore } from '#store/sqlite.ts';
import { assertSqliteVersion, FORMAT_VERSION, openDatabase } from '#store/sqlite-database.ts';
import {
  COMMIT_QUEUE_BYTES_MAX,
  StoreFormatError,
  StoreUnavailableError,
  VALUE_BYTES_MAX,
} from '#store/store.ts';

describeStore('sqlite', async () => {
  const folder = makeFolder();
  return {
    open: async (options) => openSqliteStore(join(folder, 'store.db'), { defer: setImmediate, ...options }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

describeStore('sqlite without a cache', async () => {
  const folder = makeFolder();
  const fixed = { defer: setImmediate, cacheBytesMax: 0 };
  return {
    open: async (options) => openSqliteStore(join(folder, 'store.db'), { ...fixed, ...options }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

describe('opening', () => {
  test('a version of SQLite that may damage data is refused', () => {
    for (const version of ['3.51.3', '3.51.10', '3.52.0', '4.0.0']) assertSqliteVersion(version);
    for (const version of ['3.51.2', '3.50.7', '3.9.9', '2.99.99']) {
      assert.throws(() => assertSqliteVersion(version), StoreUnavailableError, version);
    }
  });

  test('data of a newer format is refused, and left as it is', async () => {
    await inFolder(async (path) => {
      await openSqliteStore(path, { defer: setImmediate })[Symbol.asyncDispose]();
      alter(path, `PRAGMA user_version = ${FORMAT_VERSION + 1}`);
      assert.throws(() => openSqliteStore(path, { defer: setImmediate }), {
        name: 'StoreFormatError',
        message: `"${path}" has format 2, newer than 1, the newest this Skerry knows: run the newer Skerry or use another --data folder`,
      });
      alter(path, `PRAGMA user_version = ${FORMAT_VERSION}`);
      await openSqliteStore(path, { defer: setImmediate })[Symbol.asyncDispose]();
    });
  });

  test('what is no database, or another program’s, is refused', async () => {
    await inFolder(async (path) => {
      writeFileSync(path, 'hello '.repeat(1000));
      assert.throws(() => openSqliteStore(path, { defer: setImmediate }), StoreFormatError);
      rmSync(path);
      alter(path, 'CREATE TABLE theirs (a)');
      assert.throws(() => openSqliteStore(path, { defer: setImmediate }), {
        name: 'StoreFormatError',
        message: `"${path}" is not Skerry's data: use another --data folder`,
      });
    });
  });

  test('a database that is open already is refused', async () => {
    await inFolder(async (path) => {
      await using store = openSqliteStore(path, { defer: setImmediate });
      assert.throws(() => openSqliteStore(path, { defer: setImmediate }), {
        name: 'StoreUnavailableError',
        message: `"${path}" is in use: stop the other Skerry or use another --data folder`,
      });
      await committed(store, put('/a', '1'));
    });
  });

  test('a folder that is not there is named', () => {
    assert.throws(() => openSqliteStore('/nowhere/store.db', { defer: setImmediate }), {
      name: 'StoreUnavailableError',
      message: 'could not open "/nowhere/store.db"',
    });
  });
});

describe('group commit', () => {
  test('commits of one turn share a transaction; each is acknowledged after it', async () => {
    await inFolder(async (path) => {
      const turns: (() => void)[] = [];
      const watched = failingDatabase(openDatabase(path));
      await using store = new SqliteStore(watched.database, { defer: (callback) => turns.push(callback) });
      const before = watched.commits();
      let acknowledged = 0;
      const commits = Array.from({ length: 20 }, (_, n) =>
        store.commit([put(`/${n}`, 'x')]).then(() => {
          acknowledged += 1;
        }),
      );
      await new Promise(setImmediate);
      assert.deepEqual({ acknowledged, turns: turns.length }, { acknowledged: 0, turns: 1 });
      turns.shift()?.();
      await Promise.all(commits);
      assert.equal(watched.commits() - before, 1);
    });
  });

  test('a long queue is committed batch by batch, other work in between', async () => {
    await inFolder(async (path) => {
      const turns: (() => void)[] = [];
      await using store = openSqliteStore(path, { defer: (callback) => turns.push(callback) });
      const large = Buffer.alloc(VALUE_BYTES_MAX);
      const commits = [
        ...Array.from({ length: 3 }, (_, n) =>
          store.commit([{ type: 'put', key: `/large${n}`, value: large }]),
        ),
        ...Array.from({ length: 1000 }, (_, n) => store.commit([put(`/${n}`, 'x')])),
      ];
      const batches: number[] = [];
      for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
        const before = store.revision;
        turn();
        if (store.revision > before) batches.push(store.revision - before);
      }
      await Promise.all(commits);
      assert.deepEqual(batches, [1, 1, 512, 489]);
    });
  });

  test('commits beyond the bytes that may wait are refused', async () => {
    await inFolder(async (path) => {
      await using store = openSqliteStore(path, { defer: setImmediate });
      const value = Buffer.alloc(VALUE_BYTES_MAX);
      const fit = Math.floor(COMMIT_QUEUE_BYTES_MAX / VALUE_BYTES_MAX);
      const commits = Array.from({ length: fit }, () => store.commit([{ type: 'put', key: '/a', value }]));
      await assert.rejects(store.commit([{ type: 'put', key: '/a', value }]), StoreUnavailableError);
      await Promise.all(commits);
      await store.commit([{ type: 'put', key: '/a', value }]);
    });
  });
});

describe('a disk that fails', () => {
  test('when it is full, commits are refused whole, reads go on, and writes again when there is space', async () => {
    await inFolder(async (path) => {
      const database = openDatabase(path);
      await using store = new SqliteStore(database, { defer: setImmediate });
      const begin = await committed(store, put('/a', '1'));
      const watch = await collect(store, '/', begin);
      const pages = Number(database.prepare('PRAGMA page_count').get()?.page_count);
      database.exec(`PRAGMA max_page_count = ${pages + 2}`);
      const large = Buffer.alloc(100_000);
      const results = await Promise.allSettled([
        store.commit([put('/a', '2')]),
        store.commit([put('/b', '1'), { type: 'put', key: '/large', value: large }]),
        store.commit([put('/a', '3', { type: 'absent' })]),
      ]);
      for (const result of results) {
        assert.ok(result.status === 'rejected' && result.reason instanceof StoreUnavailableError);
        assert.match(String(result.reason.cause), /full/);
      }
      assert.deepEqual(pairs((await store.list('/')).entries), ['/a=1']);
      assert.equal(store.revision, begin);
      database.exec('PRAGMA max_page_count = 1000000');
      const next = await committed(store, put('/a', '2'), { type: 'put', key: '/large', value: large });
      await watch.reached(next);
      assert.deepEqual(
        watch.events.map(({ key, revision }) => [key, revision]),
        [
          ['/a', next],
          ['/large', next],
        ],
      );
    });
  });

  test('after a failed fsync no write is accepted any more, reads go on, and the owner is told once', async () => {
    await inFolder(async (path) => {
      const failing = failingDatabase(openDatabase(path));
      const failures: StoreUnavailableError[] = [];
      const options = {
        defer: setImmediate,
        onFailure: (error: StoreUnavailableError) => failures.push(error),
      };
      const store = new SqliteStore(failing.database, options);
      await committed(store, put('/a', '1'));
      failing.failWith(SQLITE_IOERR_FSYNC);
      const first = [store.commit([put('/a', '2')]), store.commit([put('/b', '2')])];
      for (const result of await Promise.allSettled(first)) {
        assert.ok(result.status === 'rejected' && result.reason instanceof StoreUnavailableError);
      }
      failing.failWith(undefined);
      await assert.rejects(store.commit([put('/a', '3')]), StoreUnavailableError);
      await assert.rejects(store.compact(store.revision), StoreUnavailableError);
      assert.equal(text((await store.get('/a'))?.value), '1');
      assert.equal(failures.length, 1);
      await store[Symbol.asyncDispose]();
      await using again = openSqliteStore(path, { defer: setImmediate });
      assert.equal(text((await again.get('/a'))?.value), '1');
      await committed(again, put('/a', '4'));
    });
  });

  test('a refused write of bytes is passing', async () => {
    await inFolder(async (path) => {
      const failing = failingDatabase(openDatabase(path));
      await using store = new SqliteStore(failing.database, { defer: setImmediate });
      failing.failWith(SQLITE_IOERR_WRITE);
      await assert.rejects(store.commit([put('/a', '1')]), StoreUnavailableError);
      assert.equal(await store.get('/a'), undefined);
      failing.failWith(undefined);
      await committed(store, put('/a', '2', { type: 'absent' }));
    });
  });
});

describe('damaged data', () => {
  test('is never served, in a get, a list, a conflict or a watch, and can be written anew', async () => {
    await inFolder(async (path) => {
      const begin = await withStore(path, async (store) => {
        await committed(store, put('/good', 'good'), put('/bad', 'good'));
        return store.revision - 2;
      });
      alter(path, `UPDATE log SET value = x'62616421' WHERE key = '/bad'`);
      await withStore(path, async (store) => {
        await assert.rejects(store.get('/bad'), StoreFormatError);
        await assert.rejects(store.list('/'), StoreFormatError);
        await assert.rejects(store.commit([put('/bad', 'x', { type: 'absent' })]), StoreFormatError);
        assert.equal(text((await store.get('/good'))?.value), 'good');
        const replay = await collect(store, '/', begin);
        await replay.ended;
        assert.ok(replay.ends[0] instanceof StoreFormatError);
        const live = await collect(store, '/', store.revision);
        const other = await collect(store, '/good', store.revision);
        await other.reached(await committed(store, put('/good', 'better')));
        await committed(store, put('/bad', 'repaired'));
        await live.ended;
        assert.ok(live.ends[0] instanceof StoreFormatError);
        assert.deepEqual(other.ends, []);
        assert.deepEqual(pairs((await store.list('/')).entries), ['/bad=repaired', '/good=better']);
      });
    });
  });
});

describe('compaction', () => {
  test('leaves one row a key, and none of what was deleted', async () => {
    await inFolder(async (path) => {
      await withStore(path, async (store) => {
        for (let round = 0; round < 30; round++) {
          await committed(store, ...Array.from({ length: 20 }, (_, n) => put(`/${n}`, `${round}`)));
        }
        await committed(store, deletion('/0'), deletion('/1'));
        await store.compact(store.revision);
        assert.equal(await store.count('/'), 18);
      });
      assert.deepEqual(alter(path, 'SELECT count(*) n FROM log')?.n, 18);
      assert.deepEqual(alter(path, 'SELECT count(*) n FROM current')?.n, 18);
    });
  });

  test('goes on where it was interrupted', async () => {
    await inFolder(async (path) => {
      const last = await withStore(path, async (store) => {
        for (let round = 0; round < 1000; round++) void store.commit([put('/a', `${round}`)]);
        const revision = await committed(store, put('/b', 'x'));
        const compaction = store.compact(revision);
        await store[Symbol.asyncDispose]();
        await assert.rejects(compaction, StoreUnavailableError);
        return revision;
      });
      await withStore(path, (store) => store.compact(last));
      assert.deepEqual(alter(path, 'SELECT count(*) n FROM log')?.n, 2);
    });
  });

  test('gives space back: data that is rewritten for ever does not grow the files', async () => {
    await inFolder(async (path, folder) => {
      await withStore(path, async (store) => {
        const value = Buffer.alloc(3000, 'x');
        const sizes: number[] = [];
        for (let round = 0; round < 40; round++) {
          const commits = Array.from({ length: 200 }, (_, n) =>
            store.commit([{ type: 'put', key: `/${n % 50}`, value }]),
          );
          await Promise.all(commits);
          await store.compact(store.revision - 10);
          sizes.push(folderBytes(folder));
        }
        const [half = 0, end = 0] = [sizes[19], sizes[39]];
        assert.ok(end <= half * 1.1, `${half} bytes after half of the rounds, ${end} at the end`);
        assert.ok(end < 16 * 1024 * 1024, `${end} bytes for 150,000 of data`);
      });
    });
  });

  test('is done in short turns, between which commits go through', async () => {
    await inFolder(async (path) => {
      await using store = openSqliteStore(path, { defer: setImmediate });
      for (let n = 0; n < 5000; n++) void store.commit([put(`/${n % 10}`, `${n}`)]);
      const revision = await committed(store, put('/last', 'x'));
      let compacted = false;
      const compaction = store.compact(revision).then(() => {
        compacted = true;
      });
      let commits = 0;
      while (!compacted) {
        await committed(store, put('/during', `${commits}`));
        commits += 1;
      }
      await compaction;
      assert.ok(commits >= 20, `${commits} commits during compaction`);
    });
  });
});

/** SQLite's extended codes (https://www.sqlite.org/rescode.html). */
const SQLITE_IOERR_WRITE = 778;
const SQLITE_IOERR_FSYNC = 1034;

/** A database whose COMMIT fails on demand with an error of SQLite, and counts. */
function failingDatabase(database: DatabaseSync): {
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

/** Runs SQL on a database that no store has open. */
function alter(path: string, sql: string): Record<string, unknown> | undefined {
  const database = new DatabaseSync(path);
  const row = database.prepare(sql).get();
  database.close();
  return row;
}

async function withStore<T>(path: string, work: (store: SqliteStore) => Promise<T>): Promise<T> {
  await using store = new SqliteStore(openDatabase(path), { defer: setImmediate });
  return await work(store);
}

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'skerry-store-'));
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((bytes, name) => bytes + statSync(join(folder, name)).size, 0);
}

async function inFolder(work: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = makeFolder();
  try {
    await work(join(folder, 'store.db'), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
