import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { describeStore } from '#store/conformance.ts';
import { committed, deletion, put } from '#store/conformance-words.ts';
import { createSqliteStore, openSqliteStore } from '#store/sqlite.ts';
import { alter, failingDatabase, inFolder, makeFolder, withStore } from '#store/sqlite-bed.fixture.ts';
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

  test('the files are for their owner only', async () => {
    await inFolder(async (path, folder) => {
      await withStore(path, async (store) => {
        await committed(store, put('/a', '1'));
        const modes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
        assert.deepEqual(modes, [
          ['store.db', 0o600],
          ['store.db-wal', 0o600],
        ]);
      });
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
      await using store = createSqliteStore(watched.database, { defer: (callback) => turns.push(callback) });
      for (const turn of turns.splice(0)) turn();
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

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((bytes, name) => bytes + statSync(join(folder, name)).size, 0);
}
