import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collect, committed, pairs, put, text } from '#store/conformance-words.ts';
import { createSqliteStore, openSqliteStore } from '#store/sqlite.ts';
import { alter, failingDatabase, inFolder, withStore } from '#store/sqlite-bed.fixture.ts';
import { openDatabase } from '#store/sqlite-database.ts';
import { StoreFormatError, StoreUnavailableError } from '#store/store.ts';

describe('a disk that fails', () => {
  test('when it is full, commits are refused whole, reads go on, and writes again when there is space', async () => {
    await inFolder(async (path) => {
      const database = openDatabase(path);
      await using store = createSqliteStore(database, { defer: setImmediate });
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
      const store = createSqliteStore(failing.database, options);
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
      await using store = createSqliteStore(failing.database, { defer: setImmediate });
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

/** SQLite's extended codes (https://www.sqlite.org/rescode.html). */
const SQLITE_IOERR_WRITE = 778;
const SQLITE_IOERR_FSYNC = 1034;
