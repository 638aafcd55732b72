import assert from 'node:assert/strict';
import type { Situation } from '#store/conformance.ts';
import { collect, committed, deletion, line, pairs, put } from '#store/conformance-words.ts';
import { RevisionExpiredError, RevisionFutureError } from '#store/store.ts';

/** Compaction: what it forgets, what it must not, and what runs beside it. */
export const compactionSituations: readonly Situation[] = [
  {
    name: 'lists and watches from before the compacted revision are expired, from it on they are exact',
    async run(store) {
      const first = await committed(store, put('/a', '1'), put('/b', '1'), put('/c', '1'));
      const second = await committed(store, put('/a', '2'), deletion('/b'));
      const third = await committed(store, put('/a', '3'), put('/b', '3'));
      const fourth = await committed(store, deletion('/c'));
      await store.compact(second);
      await assert.rejects(store.list('/', { revision: first }), RevisionExpiredError);
      await assert.rejects(collect(store, '/', first), RevisionExpiredError);
      assert.deepEqual(pairs((await store.list('/', { revision: second })).entries), ['/a=2', '/c=1']);
      assert.deepEqual(pairs((await store.list('/', { revision: third })).entries), ['/a=3', '/b=3', '/c=1']);
      assert.deepEqual(pairs((await store.list('/')).entries), ['/a=3', '/b=3']);
      assert.equal(await store.count('/'), 2);
      const watch = await collect(store, '/', second);
      await watch.reached(fourth);
      assert.deepEqual(watch.events.map(line), [
        `put /a 3@${third} was 2`,
        `put /b 3@${third}`,
        `delete /c 1@${fourth} was 1`,
      ]);
    },
  },
  {
    name: 'compaction up to now keeps the state, its revisions and its preconditions',
    async run(store) {
      const kept = await committed(store, put('/a', '1'));
      await committed(store, put('/b', '1'));
      await committed(store, put('/b', '2'));
      const last = await committed(store, deletion('/b'));
      await store.compact(last);
      assert.equal(store.revision, last);
      assert.deepEqual(await store.get('/a'), {
        key: '/a',
        value: (await store.get('/a'))?.value,
        revision: kept,
      });
      assert.equal(await store.get('/b'), undefined);
      await committed(store, put('/b', '3', { type: 'absent' }));
      const next = await committed(store, put('/a', '2', { type: 'revision', revision: kept }));
      assert.ok(next > last);
      const watch = await collect(store, '/', last);
      await watch.reached(next);
      assert.deepEqual(watch.events.map(line), [`put /b 3@${next - 1}`, `put /a 2@${next} was 1`]);
    },
  },
  {
    name: 'compacting again to the same or an earlier revision does nothing; to one to come is refused',
    async run(store) {
      const first = await committed(store, put('/a', '1'));
      const second = await committed(store, put('/a', '2'));
      await store.compact(second);
      await store.compact(second);
      await store.compact(first);
      assert.deepEqual(pairs((await store.list('/', { revision: second })).entries), ['/a=2']);
      await assert.rejects(store.compact(second + 1), RevisionFutureError);
    },
  },
  {
    name: 'keys that were deleted and made again survive repeated compaction',
    async run(store) {
      for (let round = 0; round < 5; round++) {
        await committed(store, put('/a', `${round}`), put('/b', `${round}`));
        const deleted = await committed(store, deletion('/a'));
        await committed(store, put('/a', `${round} again`));
        await store.compact(deleted);
        assert.deepEqual(pairs((await store.list('/', { revision: deleted })).entries), [`/b=${round}`]);
        assert.deepEqual(pairs((await store.list('/')).entries), [`/a=${round} again`, `/b=${round}`]);
      }
    },
  },
  {
    name: 'a live watch does not notice compaction; one that is still behind is complete or ends as expired',
    async run(store) {
      const begin = store.revision;
      const live = await collect(store, '/', begin);
      const revisions: number[] = [];
      for (let n = 0; n < 1500; n++) {
        const result = store.commit([put(`/${n % 10}`, `${n}`)]);
        if (n % 100 === 99) revisions.push((await result).type === 'committed' ? store.revision : 0);
      }
      await live.reached(store.revision);
      const behind = await collect(store, '/', begin);
      const compaction = store.compact(store.revision - 100);
      const racing = Array.from({ length: 50 }, (_, n) =>
        store.commit([n % 2 === 0 ? deletion('/1') : put('/1', `${n}`)]),
      );
      await compaction;
      await Promise.all(racing);
      const last = await committed(store, put('/end', 'x'));
      await Promise.all([live.reached(last), behind.reached(last)]);
      assert.deepEqual(live.ends, []);
      assert.deepEqual(
        live.events.map(({ revision }) => revision),
        live.events.map(({ revision }) => revision).toSorted((a, b) => a - b),
      );
      assert.equal(live.events.length, 1551);
      const told = behind.events.map(line);
      assert.deepEqual(told, live.events.slice(0, told.length).map(line), 'nothing left out before the end');
      if (behind.ends.length > 0) assert.ok(behind.ends[0] instanceof RevisionExpiredError);
      else assert.equal(told.length, 1551);
    },
  },
  {
    name: 'a list that compaction overtakes is exact or expired',
    async run(store) {
      for (let n = 0; n < 20; n++) {
        await committed(
          store,
          ...Array.from({ length: 100 }, (_, k) => put(`/${String(n * 100 + k).padStart(4, '0')}`, 'old')),
        );
      }
      const revision = store.revision;
      const listed = store.list('/', { revision }).catch((error: unknown) => error);
      const changed = Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          store.commit([put(`/${String(n * 10).padStart(4, '0')}`, 'new')]),
        ),
      );
      const compaction = changed.then(() => store.compact(store.revision));
      const result = await listed;
      await compaction;
      if (result instanceof Error) assert.ok(result instanceof RevisionExpiredError);
      else
        assert.ok(
          (result as Awaited<ReturnType<typeof store.list>>).entries.every(({ value }) =>
            Buffer.from(value).equals(Buffer.from('old')),
          ),
        );
    },
  },
];
