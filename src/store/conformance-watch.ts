import assert from 'node:assert/strict';
import type { Situation } from '#store/conformance.ts';
import { collect, committed, deletion, line, put, text } from '#store/conformance-words.ts';
import { RevisionFutureError, StoreUnavailableError } from '#store/store.ts';

/** Watching: complete, in order, exactly once, and ended properly. */
export const watchSituations: readonly Situation[] = [
  {
    name: 'a watch tells every change under its prefix, with what was there before',
    async run(store) {
      const before = await committed(store, put('/a/0', 'zero'));
      const watch = await collect(store, '/a/', before);
      const created = await committed(
        store,
        put('/a/1', 'one'),
        put('/b/1', 'elsewhere'),
        put('/a', 'above'),
      );
      const changed = await committed(store, put('/a/1', 'two'), put('/a/0', 'zero'));
      const deleted = await committed(store, deletion('/a/1'));
      const lastState = { ...deletion('/a/0'), value: Buffer.from('last') };
      const deletedWith = await committed(store, lastState);
      const recreated = await committed(store, put('/a/1', 'three'), put('/a/0', 'three'));
      await watch.reached(recreated);
      const expected = [
        `put /a/1 one@${created}`,
        `put /a/1 two@${changed} was one`,
        `put /a/0 zero@${changed} was zero`,
        `delete /a/1 two@${deleted} was two`,
        `delete /a/0 last@${deletedWith} was zero`,
        `put /a/1 three@${recreated}`,
        `put /a/0 three@${recreated}`,
      ];
      assert.deepEqual(watch.events.map(line), expected);
      const replay = await collect(store, '/a/', before);
      await replay.reached(recreated);
      assert.deepEqual(replay.events.map(line), expected, 'a replay tells the same');
      assert.deepEqual([watch.ends, replay.ends], [[], []]);
    },
  },
  {
    name: 'a watch from the past goes over into the present without gap, repeat or disorder',
    async run(store) {
      const revisions: number[] = [];
      const begin = store.revision;
      const write = async (count: number): Promise<void> => {
        const results = Array.from({ length: count }, (_, n) =>
          store.commit([put(`/a/${n % 7}`, `${n}`), put(`/b/${n}`, 'x')]),
        );
        for (const result of await Promise.all(results)) {
          assert.equal(result.type, 'committed');
          if (result.type === 'committed') revisions.push(result.revision);
        }
        // Commits that share no key may have overtaken each other.
        revisions.sort((a, b) => a - b);
      };
      for (let round = 0; round < 20; round++) await write(100);
      const watches = [];
      for (let round = 0; round < 20; round++) {
        const racing = write(10);
        const after = round % 2 === 0 ? begin : (revisions[round * 100] ?? begin);
        watches.push({ after, watch: await collect(store, '/a/', after) });
        await racing;
      }
      for (const { after, watch } of watches) {
        await watch.reached(store.revision);
        const told = watch.events.map(({ revision }) => revision);
        assert.deepEqual(
          told,
          revisions.filter((revision) => revision > after),
        );
      }
    },
  },
  {
    name: 'a watch after the newest revision tells only what follows',
    async run(store) {
      const now = await committed(store, put('/a', 'x'));
      const watch = await collect(store, '/', now);
      const next = await committed(store, put('/b', 'x'));
      await watch.reached(next);
      assert.deepEqual(watch.events.map(line), [`put /b x@${next}`]);
    },
  },
  {
    name: 'no event comes before the caller of watch has gone on',
    async run(store) {
      const begin = store.revision;
      const first = await committed(store, put('/a', 'x'));
      const pending = store.commit([put('/b', 'x')]);
      let goneOn = false;
      const early: string[] = [];
      const handle = await store.watch('/', begin, {
        events(batch) {
          if (!goneOn) early.push(...batch.map(line));
        },
        end: (reason) => assert.fail(reason),
      });
      goneOn = true;
      const watch = await collect(store, '/', begin);
      const result = await pending;
      assert.ok(result.type === 'committed');
      await watch.reached(result.revision);
      assert.deepEqual(watch.events.map(line), [`put /a x@${first}`, `put /b x@${result.revision}`]);
      assert.deepEqual(early, []);
      handle.close();
    },
  },
  {
    name: 'the events of one commit come in one batch',
    async run(store) {
      const begin = store.revision;
      const live = await collect(store, '/', begin);
      const counts = new Map<number, number>();
      for (let size = 1; size <= 40; size++) {
        const operations = Array.from({ length: size * 3 }, (_, n) => put(`/${size}/${n}`, 'x'));
        counts.set(await committed(store, ...operations), size * 3);
      }
      const replay = await collect(store, '/', begin);
      for (const watch of [live, replay]) {
        await watch.reached(store.revision);
        for (const batch of watch.batches) {
          for (const revision of new Set(batch.map((event) => event.revision))) {
            assert.equal(batch.filter((event) => event.revision === revision).length, counts.get(revision));
          }
        }
      }
    },
  },
  {
    name: 'a closed watch hears nothing more, even when it closes in the middle of an event',
    async run(store) {
      const begin = store.revision;
      const closed = await collect(store, '/', begin);
      closed.handle.close();
      closed.handle.close();
      let told = 0;
      const self = await store.watch('/', begin, {
        events() {
          told += 1;
          self.close();
        },
        end: (reason) => assert.fail(reason),
      });
      const other = await collect(store, '/', begin);
      await other.reached(await committed(store, put('/a', '1')));
      await other.reached(await committed(store, put('/a', '2')));
      assert.equal(closed.events.length, 0);
      assert.equal(told, 1);
      await store[Symbol.asyncDispose]();
      assert.deepEqual(closed.ends, []);
    },
  },
  {
    name: 'a watcher may open another watch and commit while it is told something',
    async run(store) {
      const begin = store.revision;
      let inner: Promise<Awaited<ReturnType<typeof collect>>> | undefined;
      let answered: Promise<number> | undefined;
      const outer = await store.watch('/ask', begin, {
        events(batch) {
          inner ??= collect(store, '/', batch.at(-1)?.revision ?? begin);
          answered ??= committed(store, put('/answer', 'x'));
        },
        end: () => undefined,
      });
      const heard = await collect(store, '/answer', begin);
      await committed(store, put('/ask', 'x'));
      await heard.reached(begin + 1);
      const revision = await answered;
      const watch = await inner;
      assert.ok(watch !== undefined && revision !== undefined);
      await watch.reached(revision);
      assert.deepEqual(watch.events.map(line), [`put /answer x@${revision}`]);
      outer.close();
    },
  },
  {
    name: 'watches of the same and of nested prefixes are told alike',
    async run(store) {
      const begin = store.revision;
      const prefixes = ['', '/', '/a', '/a/', '/a/', '/a/b', '/c'];
      const watches = await Promise.all(prefixes.map((prefix) => collect(store, prefix, begin)));
      watches[3]?.handle.close();
      const keys = ['/a', '/a/b', '/a/c', '/b', '/c', '/d', '0'];
      for (const key of keys) await committed(store, put(key, key));
      await watches[0]?.reached(store.revision);
      for (const [index, prefix] of prefixes.entries()) {
        const expected = index === 3 ? [] : keys.filter((key) => key.startsWith(prefix));
        assert.deepEqual(
          watches[index]?.events.map((event) => text(event.value)),
          expected,
          `"${prefix}" (${index})`,
        );
      }
    },
  },
  {
    name: 'a watch says up to which revision it has told everything, never more',
    async run(store) {
      const begin = store.revision;
      const write = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n++) await committed(store, put(n % 3 === 0 ? '/a/1' : '/b/1', `${n}`));
      };
      await write(1500);
      const watch = await collect(store, '/a/', begin);
      const samples: { revision: number; told: number }[] = [];
      for (let round = 0; round < 60; round++) {
        samples.push({ revision: watch.handle.revision, told: watch.events.length });
        await write(2);
      }
      await watch.reached(await committed(store, put('/a/1', 'last')));
      assert.equal(watch.handle.revision, store.revision);
      for (const { revision, told } of samples) {
        assert.equal(told, watch.events.filter((event) => event.revision <= revision).length);
      }
    },
  },
  {
    name: 'a watch from the future is refused',
    async run(store) {
      await assert.rejects(collect(store, '/', store.revision + 1), RevisionFutureError);
    },
  },
  {
    name: 'disposal ends each watch once, after what was committed',
    async run(store) {
      const begin = store.revision;
      const watch = await collect(store, '/', begin);
      const revision = committed(store, put('/a', '1'));
      await store[Symbol.asyncDispose]();
      await watch.ended;
      assert.equal(watch.ends.length, 1);
      assert.ok(watch.ends[0] instanceof StoreUnavailableError);
      assert.ok((await revision) > begin);
      const told = watch.events.map(line);
      assert.ok(told.length === 0 || told.length === 1);
    },
  },
];
