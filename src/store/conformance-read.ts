import assert from 'node:assert/strict';
import type { Situation } from '#store/conformance.ts';
import { committed, deletion, pairs, put, text } from '#store/conformance-words.ts';
import { KEY_CHARS_MAX, RevisionFutureError, VALUE_BYTES_MAX } from '#store/store.ts';

/** Reading now, in the past, and page by page. */
export const readSituations: readonly Situation[] = [
  {
    name: 'a new store is empty, at a revision that is not 0',
    async run(store) {
      assert.ok(store.revision >= 1);
      assert.deepEqual(await store.list(''), { entries: [], revision: store.revision, remaining: 0 });
      assert.equal(await store.get('/a'), undefined);
      assert.equal(await store.count(''), 0);
    },
  },
  {
    name: 'get returns the last value and its revision, and nothing of a deleted key',
    async run(store) {
      await committed(store, put('/a', 'one'));
      const revision = await committed(store, put('/a', 'two'));
      const entry = await store.get('/a');
      assert.deepEqual({ ...entry, value: text(entry?.value) }, { key: '/a', value: 'two', revision });
      await committed(store, deletion('/a'));
      assert.equal(await store.get('/a'), undefined);
      assert.equal(await store.get('/'), undefined);
    },
  },
  {
    name: 'a list holds exactly the keys under the prefix, ordered as bytes',
    async run(store) {
      const inside = ['/a/', '/a/%', '/a/B', '/a/_', '/a/b', '/a/b/c', '/a/é', '/a/\uffee', '/a/\u{1F600}'];
      const outside = ['/', '/a', '/a.', '/a0', '/A/b', '/b/'];
      for (const key of [...inside, ...outside].reverse()) await committed(store, put(key, key));
      const { entries, revision, remaining } = await store.list('/a/');
      assert.deepEqual(
        pairs(entries),
        inside.map((key) => `${key}=${key}`),
      );
      assert.deepEqual({ revision, remaining }, { revision: store.revision, remaining: 0 });
      assert.equal(await store.count('/a/'), inside.length);
      assert.equal(await store.count(''), inside.length + outside.length);
      assert.equal((await store.list('')).entries.length, inside.length + outside.length);
    },
  },
  {
    name: 'a limited list goes on after its last key, and says how many remain',
    async run(store) {
      for (const key of ['/a', '/b', '/c', '/d', '/e', '0']) await committed(store, put(key, 'x'));
      await committed(store, deletion('/c'));
      const first = await store.list('/', { limit: 3 });
      assert.deepEqual(pairs(first.entries), ['/a=x', '/b=x', '/d=x']);
      assert.equal(first.remaining, 1);
      const second = await store.list('/', { limit: 3, startAfter: '/d' });
      assert.deepEqual(
        { keys: pairs(second.entries), remaining: second.remaining },
        { keys: ['/e=x'], remaining: 0 },
      );
      assert.equal((await store.list('/', { limit: 4 })).remaining, 0);
      const between = await store.list('/', { limit: 1, startAfter: '/aa' });
      assert.deepEqual(
        { keys: pairs(between.entries), remaining: between.remaining },
        { keys: ['/b=x'], remaining: 2 },
      );
      assert.equal((await store.list('/', { startAfter: '9' })).entries.length, 0);
      assert.equal((await store.list('/', { startAfter: '!' })).entries.length, 4);
    },
  },
  {
    name: 'a limited list goes on at its revision while the store changes',
    async run(store) {
      for (const key of ['/a', '/b', '/c', '/d']) await committed(store, put(key, 'old'));
      const { revision } = await store.list('/', { limit: 1 });
      await committed(store, put('/b', 'new'), deletion('/c'), put('/cc', 'new'));
      await committed(store, put('/b', 'newer'), put('/c', 'back'));
      const rest = await store.list('/', { limit: 2, startAfter: '/a', revision });
      assert.deepEqual(pairs(rest.entries), ['/b=old', '/c=old']);
      assert.deepEqual({ revision: rest.revision, remaining: rest.remaining }, { revision, remaining: 1 });
      const page = await store.list('/', { limit: 1, startAfter: '/a', revision });
      assert.equal(page.remaining, 2);
    },
  },
  {
    name: 'a list at an earlier revision is the state of then',
    async run(store) {
      const empty = store.revision;
      const created = await committed(store, put('/a', '1'));
      const changed = await committed(store, put('/a', '2'), put('/b', '1'));
      const deleted = await committed(store, deletion('/a'));
      const recreated = await committed(store, put('/a', '3'));
      const situations: [revision: number, state: string[]][] = [
        [empty, []],
        [created, ['/a=1']],
        [changed, ['/a=2', '/b=1']],
        [deleted, ['/b=1']],
        [recreated, ['/a=3', '/b=1']],
      ];
      for (const [revision, state] of situations) {
        const result = await store.list('/', { revision });
        assert.deepEqual(pairs(result.entries), state, `at ${revision}`);
        assert.equal(result.revision, revision);
      }
      const { entries } = await store.list('/', { revision: changed });
      assert.deepEqual(
        entries.map((entry) => entry.revision),
        [changed, changed],
      );
    },
  },
  {
    name: 'a revision to come is refused',
    async run(store) {
      await committed(store, put('/a', '1'));
      await assert.rejects(store.list('/', { revision: store.revision + 1 }), RevisionFutureError);
    },
  },
  {
    name: 'bytes come back as they were committed, up to the largest key and value',
    async run(store) {
      const every = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
      const large = Buffer.alloc(VALUE_BYTES_MAX, 'x');
      const longKey = `/${'k'.repeat(KEY_CHARS_MAX - 1)}`;
      await store.commit([
        { type: 'put', key: '/empty', value: new Uint8Array() },
        { type: 'put', key: '/every', value: every },
        { type: 'put', key: longKey, value: large },
      ]);
      const { entries } = await store.list('/');
      assert.deepEqual(
        entries.map(({ key }) => key),
        ['/empty', '/every', longKey],
      );
      assert.equal(entries[0]?.value.length, 0);
      assert.ok(Buffer.from(every).equals(entries[1]?.value ?? Buffer.of()));
      assert.ok(large.equals(entries[2]?.value ?? Buffer.of()));
      assert.ok(large.equals((await store.get(longKey))?.value ?? Buffer.of()));
    },
  },
  {
    name: 'a long list is whole and of one revision while the store changes',
    async run(store) {
      const keys = Array.from({ length: 2500 }, (_, index) => `/a/${String(index).padStart(5, '0')}`);
      for (let at = 0; at < keys.length; at += 100) {
        await committed(store, ...keys.slice(at, at + 100).map((key) => put(key, 'old')));
      }
      const listed = store.list('/a/');
      const commits = keys
        .filter((_, index) => index % 50 === 0)
        .map((key) => store.commit([put(key, 'new')]));
      const dropped = store.commit([deletion('/a/02499'), put('/a/02499x', 'new')]);
      const { entries, revision } = await listed;
      await Promise.all([...commits, dropped]);
      assert.deepEqual(pairs(entries), pairs((await store.list('/a/', { revision })).entries));
      assert.equal(entries.length, 2500);
    },
  },
];
