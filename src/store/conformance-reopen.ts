import assert from 'node:assert/strict';
import type { Situation } from '#store/conformance.ts';
import { collect, committed, deletion, line, pairs, put } from '#store/conformance-words.ts';
import { REVISIONS_PER_EPOCH, RevisionExpiredError, StoreUnavailableError } from '#store/store.ts';

/** What survives the store, and what a new epoch changes. */
export const reopenSituations: readonly Situation[] = [
  {
    name: 'a reopened store has every acknowledged commit, its history, and goes on after its revision',
    async run(store, bed) {
      const begin = store.revision;
      const first = await committed(store, put('/a', '1'), put('/b', '1'));
      const second = await committed(store, put('/a', '2'), deletion('/b'));
      await store[Symbol.asyncDispose]();
      await using again = await bed.open();
      assert.deepEqual(
        { revision: again.revision, epoch: again.epoch },
        { revision: second, epoch: store.epoch },
      );
      assert.deepEqual(pairs((await again.list('/')).entries), ['/a=2']);
      assert.deepEqual(pairs((await again.list('/', { revision: first })).entries), ['/a=1', '/b=1']);
      const third = await committed(again, put('/b', '3', { type: 'absent' }));
      assert.ok(third > second);
      const watch = await collect(again, '/', begin);
      await watch.reached(third);
      assert.deepEqual(watch.events.map(line), [
        `put /a 1@${first}`,
        `put /b 1@${first}`,
        `put /a 2@${second} was 1`,
        `delete /b 1@${second} was 1`,
        `put /b 3@${third}`,
      ]);
    },
  },
  {
    name: 'a reopened store remembers its compaction, and uses no revision twice',
    async run(store, bed) {
      const first = await committed(store, put('/a', '1'));
      const last = await committed(store, deletion('/a'));
      await store.compact(last);
      await store[Symbol.asyncDispose]();
      await using again = await bed.open();
      assert.equal(again.revision, last);
      await assert.rejects(again.list('/', { revision: first }), RevisionExpiredError);
      assert.ok((await committed(again, put('/a', '2'))) > last);
    },
  },
  {
    name: 'disposal keeps the commits asked for before it, and refuses all that follows',
    async run(store, bed) {
      const pending = [store.commit([put('/a', '1')]), store.commit([put('/b', '1')])];
      await store[Symbol.asyncDispose]();
      await Promise.all(pending);
      await store[Symbol.asyncDispose]();
      const refused = [
        () => store.get('/a'),
        () => store.list('/'),
        () => store.count('/'),
        () => store.commit([put('/c', '1')]),
        () => collect(store, '/', store.revision),
        () => store.compact(store.revision),
      ];
      for (const call of refused) await assert.rejects(call, StoreUnavailableError);
      await using again = await bed.open();
      assert.deepEqual(pairs((await again.list('/')).entries), ['/a=1', '/b=1']);
    },
  },
  {
    name: 'a higher epoch keeps the entries, ends every earlier revision, and uses none of them again',
    async run(store, bed) {
      const revision = await committed(store, put('/a', '1'));
      await committed(store, put('/b', '1'));
      const last = await committed(store, deletion('/b'));
      await store[Symbol.asyncDispose]();
      const restored = await bed.open({ epochMin: 3 });
      assert.equal(restored.epoch, 3);
      assert.ok(restored.revision > last);
      assert.equal(Math.floor(restored.revision / REVISIONS_PER_EPOCH), 3);
      for (const gone of [1, revision, last, last + 1]) {
        await assert.rejects(restored.list('/', { revision: gone }), RevisionExpiredError);
        await assert.rejects(collect(restored, '/', gone), RevisionExpiredError);
      }
      const begin = restored.revision;
      assert.deepEqual(pairs((await restored.list('/', { revision: begin })).entries), ['/a=1']);
      assert.equal((await restored.get('/a'))?.revision, revision);
      const next = await committed(
        restored,
        put('/a', '2', { type: 'revision', revision }),
        put('/b', '2', { type: 'absent' }),
      );
      assert.ok(next > begin);
      const watch = await collect(restored, '/', begin);
      await watch.reached(next);
      assert.deepEqual(watch.events.map(line), [`put /a 2@${next} was 1`, `put /b 2@${next}`]);
      await restored[Symbol.asyncDispose]();
      await using again = await bed.open({ epochMin: 2 });
      assert.deepEqual({ epoch: again.epoch, revision: again.revision }, { epoch: 3, revision: next });
      await again.compact(next);
      assert.deepEqual(pairs((await again.list('/')).entries), ['/a=2', '/b=2']);
    },
  },
];
