import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collect, committed, deletion, put } from '#store/conformance-words.ts';
import { KEPT_FORMATS, writeKeptDatabase } from '#store/kept-folder.fixture.ts';
import { openSqliteStore } from '#store/sqlite.ts';
import { alter, inFolder, withStore } from '#store/sqlite-bed.fixture.ts';
import { openDatabase, STORE_FORMAT } from '#store/sqlite-database.ts';
import { migrateDatabase } from '#store/sqlite-migration.ts';
import { NEWER_FORMAT } from '#store/sqlite-newer-program.fixture.ts';
import { StoreFormatError } from '#store/store.ts';

/** Runs a newer program on a database; whether it got to its end, with what it said. */
function newerProgram(path: string, failpoints = ''): { killed: boolean; keys: number } {
  const program = fileURLToPath(import.meta.resolve('./sqlite-newer-program.fixture.ts'));
  const env = { ...process.env, SKERRY_FAILPOINTS: failpoints };
  const { signal, stdout, stderr } = spawnSync(process.execPath, [program, path], { env, encoding: 'utf8' });
  assert.ok(signal === 'SIGKILL' || stdout !== '', stderr);
  return { killed: signal === 'SIGKILL', keys: Number(stdout) };
}

test('a store of every version that ever was is read, with its history, and written on', async () => {
  for (const format of KEPT_FORMATS) {
    await inFolder(async (path) => {
      writeKeptDatabase(path, format);
      await withStore(path, async (store) => {
        const { entries, revision } = await store.list('/registry/');
        assert.ok(entries.length > 30, `${entries.length} entries of format ${format}`);
        for (const entry of entries) JSON.parse(Buffer.from(entry.value).toString('utf8'));
        const watch = await collect(store, '/registry/core/configmaps/shop/', 1);
        const key = '/registry/core/configmaps/shop/last';
        await watch.reached(await committed(store, put(key, '{}')));
        await committed(store, deletion(key));
        assert.ok(watch.events.some(({ type, key }) => type === 'delete' && key.endsWith('/gone')));
        assert.ok((await committed(store, put('/a', '1'))) > revision);
        await store.compact(store.revision);
        assert.equal((await store.list('/registry/')).entries.length, entries.length);
      });
      assert.equal(alter(path, 'PRAGMA user_version')?.['user_version'], STORE_FORMAT.version);
    });
  }
});

test('a migration that is killed changed nothing: the older program opens the store, and so does the newer one', async () => {
  await inFolder(async (path) => {
    await withStore(path, async (store) => {
      for (let n = 0; n < 50; n++) await committed(store, put(`/key-${n}`, 'x'.repeat(1000)));
    });
    for (const failpoint of ['migrate.within=kill@1', 'migrate.within=kill@2']) {
      assert.ok(newerProgram(path, failpoint).killed, failpoint);
      await withStore(path, async (store) => {
        assert.ok((await store.count('/key-')) === 50, failpoint);
        await committed(store, put(`/after/${failpoint}`, '1'));
      });
    }
    assert.ok(newerProgram(path, 'migrate.after=kill').killed);
    assert.deepEqual(newerProgram(path), { killed: false, keys: 52 });
    // Now it is the newer program's; the older one says so, and leaves it as it is.
    const version = NEWER_FORMAT.version;
    assert.throws(
      () => openSqliteStore(path, { defer: setImmediate }),
      (error) =>
        error instanceof StoreFormatError &&
        error.message.includes(`has format ${version}, newer than ${STORE_FORMAT.version}`) &&
        error.message.includes('run the newer Skerry'),
    );
    assert.deepEqual(newerProgram(path), { killed: false, keys: 52 });
  });
});

test('a migration that fails is undone whole, and the steps of a program follow one another', async () => {
  await inFolder(async (path) => {
    await withStore(path, (store) => committed(store, put('/a', '1')));
    const bad = [
      { to: STORE_FORMAT.version + 1, sql: 'ALTER TABLE log ADD COLUMN note TEXT' },
      { to: STORE_FORMAT.version + 2, sql: 'INSERT INTO nowhere VALUES (1)' },
    ];
    const format = { ...STORE_FORMAT, version: STORE_FORMAT.version + 2, migrations: bad };
    assert.throws(() => openDatabase(path, format), /could not open/u);
    await withStore(path, async (store) => assert.equal(await store.count('/'), 1));
    const database = openDatabase(path);
    assert.throws(
      () => migrateDatabase(database, { from: STORE_FORMAT.version, steps: bad.slice(1) }),
      /version 3 follows 1/u,
    );
    database.close();
  });
});
