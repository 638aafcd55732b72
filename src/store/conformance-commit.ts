import assert from 'node:assert/strict';
import type { Situation } from '#store/conformance.ts';
import { check, collect, committed, deletion, line, pairs, put, text } from '#store/conformance-words.ts';
import type { Operation, Precondition } from '#store/store.ts';
import { COMMIT_OPERATIONS_MAX, KEY_CHARS_MAX, VALUE_BYTES_MAX } from '#store/store.ts';
import { AssertionError } from '#system/assert.ts';

/** Committing: all or nothing, preconditions, order, limits. */
export const commitSituations: readonly Situation[] = [
  {
    name: 'each commit has a greater revision, which the store then shows',
    async run(store) {
      let last = store.revision;
      for (const operation of [put('/a', '1'), put('/a', '1'), deletion('/a'), put('/b', '2')]) {
        const revision = await committed(store, operation);
        assert.ok(revision > last);
        assert.equal(store.revision, revision);
        last = revision;
      }
    },
  },
  {
    name: 'the operations of a commit share its revision',
    async run(store) {
      await committed(store, put('/gone', '0'));
      const revision = await committed(store, put('/b', '1'), deletion('/gone'), put('/a', '2'));
      const { entries } = await store.list('/');
      assert.deepEqual(pairs(entries), ['/a=2', '/b=1']);
      assert.deepEqual(
        entries.map((entry) => entry.revision),
        [revision, revision],
      );
    },
  },
  {
    name: 'a commit is seen wholly or not at all, at whatever revision one reads or watches',
    async run(store) {
      const earlier = store.revision;
      const keys = ['/k0', '/k1', '/k2', '/k3', '/k4'];
      const created = await committed(store, ...keys.map((key) => put(key, 'x')));
      const deleted = await committed(store, ...keys.map((key) => deletion(key)));
      const last = await committed(store, put('/k', 'last'));
      for (let at = earlier; at <= last; at++) {
        const { entries, remaining } = await store.list('/k', { revision: at, limit: 9 });
        assert.equal(
          entries.length,
          at < created ? 0 : at < deleted ? 5 : at < last ? 0 : 1,
          `list at ${at}`,
        );
        assert.equal(remaining, 0);
        if (at === last) continue;
        const watch = await collect(store, '/k', at);
        await watch.reached(last);
        const revisions = watch.events.map(({ revision }) => revision);
        const commits = [...keys.map(() => created), ...keys.map(() => deleted), last];
        assert.deepEqual(
          revisions,
          commits.filter((revision) => revision > at),
          `watch after ${at}`,
        );
      }
    },
  },
  {
    name: 'preconditions decide as they say, and a conflict changes nothing',
    async run(store) {
      const current = (there: number): Precondition => ({ type: 'revision', revision: there });
      const situations: [
        state: string,
        precondition: (there: number) => Precondition,
        goesThrough: boolean,
      ][] = [
        ['there', () => ({ type: 'absent' }), false],
        ['there', () => ({ type: 'present' }), true],
        ['there', current, true],
        ['there', (there) => current(there - 1), false],
        ['there', (there) => current(there + 1), false],
        ['never', () => ({ type: 'absent' }), true],
        ['never', () => ({ type: 'present' }), false],
        ['never', current, false],
        ['deleted', () => ({ type: 'absent' }), true],
        ['deleted', () => ({ type: 'present' }), false],
        ['deleted', current, false],
      ];
      for (const [index, [state, precondition, goesThrough]] of situations.entries()) {
        for (const make of [deletion, (key: string, wanted: Precondition) => put(key, 'new', wanted)]) {
          const key = `/${index}/${make.name}`;
          const there = await committed(store, put(state === 'never' ? `${key}/other` : key, 'now'));
          if (state === 'deleted') await committed(store, deletion(key));
          const before = await store.list('/');
          const operation = make(key, precondition(there));
          const name = `${state}: ${JSON.stringify(operation)}`;
          const result = await store.commit([put(`${key}/beside`, 'x'), operation]);
          assert.equal(result.type, goesThrough ? 'committed' : 'conflict', name);
          assert.equal((await store.get(`${key}/beside`)) !== undefined, goesThrough, name);
          if (result.type === 'committed') continue;
          assert.equal(result.key, key, name);
          assert.equal(result.current?.revision, state === 'there' ? there : undefined, name);
          assert.equal(text(result.current?.value), state === 'there' ? 'now' : undefined, name);
          assert.deepEqual(await store.list('/'), before, name);
        }
      }
    },
  },
  {
    name: 'a check lets a commit through or holds it back, and changes nothing itself',
    async run(store) {
      const token = await committed(store, put('/token', '1'));
      const mine = check('/token', { type: 'revision', revision: token });
      const watch = await collect(store, '/', token);
      const first = await committed(store, mine, put('/a', '1'));
      assert.equal(await committed(store, mine), first);
      const taken = await committed(store, put('/token', '2'));
      const late = await store.commit([mine, put('/a', 'late')]);
      assert.ok(late.type === 'conflict' && late.key === '/token' && late.current?.revision === taken);
      const last = await committed(store, check('/none', { type: 'absent' }), deletion('/a'));
      await watch.reached(last);
      assert.deepEqual(watch.events.map(line), [
        `put /a 1@${first}`,
        `put /token 2@${taken} was 1`,
        `delete /a 1@${last} was 1`,
      ]);
    },
  },
  {
    name: 'a conflict names the first operation that fails',
    async run(store) {
      await committed(store, put('/a', '1'));
      const absent = { type: 'absent' } as const;
      const result = await store.commit([
        put('/b', '2', absent),
        put('/a', '2', absent),
        deletion('/c', { type: 'present' }),
      ]);
      assert.ok(result.type === 'conflict' && result.key === '/a');
    },
  },
  {
    name: 'deleting what is absent changes nothing',
    async run(store) {
      const revision = await committed(store, put('/a', '1'));
      const watch = await collect(store, '/', revision);
      assert.equal(await committed(store, deletion('/b'), deletion('/c')), revision);
      assert.equal(store.revision, revision);
      const next = await committed(store, deletion('/b'), put('/d', '1'));
      await watch.reached(next);
      assert.deepEqual(
        watch.events.map(({ key }) => key),
        ['/d'],
      );
    },
  },
  {
    name: 'the revision is spliced into the bytes where that is asked for',
    async run(store) {
      const value = Buffer.from('{"rv":""}');
      for (const [offset, form] of [
        [0, '#{"rv":""}'],
        [7, '{"rv":"#"}'],
        [9, '{"rv":""}#'],
      ] as const) {
        const watch = await collect(store, '/', store.revision);
        const made = await committed(store, { type: 'put', key: '/a', value, revisionOffset: offset });
        assert.equal(text((await store.get('/a'))?.value), form.replace('#', String(made)));
        const gone = await committed(store, { type: 'delete', key: '/a', value, revisionOffset: offset });
        await watch.reached(gone);
        assert.deepEqual(
          watch.events.map((event) => text(event.value)),
          [form.replace('#', String(made)), form.replace('#', String(gone))],
        );
      }
    },
  },
  {
    name: 'commits that share a key take effect in the order they were asked for, each seeing those before it',
    async run(store) {
      const watch = await collect(store, '/', store.revision);
      const lock = [
        store.commit([put('/lock', 'first', { type: 'absent' })]),
        store.commit([put('/lock', 'second', { type: 'absent' })]),
        store.commit([deletion('/lock', { type: 'present' })]),
        store.commit([put('/lock', 'third', { type: 'absent' })]),
      ];
      const counts = Array.from({ length: 200 }, (_, index) => store.commit([put('/n', String(index))]));
      const [locked, counted] = [await Promise.all(lock), await Promise.all(counts)];
      assert.deepEqual(
        locked.map(({ type }) => type),
        ['committed', 'conflict', 'committed', 'committed'],
      );
      assert.ok(locked[1]?.type === 'conflict' && text(locked[1].current?.value) === 'first');
      const revisions = counted.flatMap((result) => (result.type === 'committed' ? result.revision : []));
      assert.deepEqual(
        revisions,
        [...new Set(revisions)].sort((a, b) => a - b),
      );
      await watch.reached(store.revision);
      const ofCounts = watch.events.filter(({ key }) => key === '/n');
      assert.deepEqual(
        ofCounts.map(({ value }) => Number(text(value))),
        revisions.map((_, index) => index),
      );
      assert.deepEqual(
        ofCounts.map(({ revision }) => revision),
        revisions,
      );
      assert.equal(text((await store.get('/n'))?.value), '199');
    },
  },
  {
    name: 'of many writers that hold the same revision, one wins',
    async run(store) {
      const revision = await committed(store, put('/a', 'x'));
      const claims = Array.from({ length: 20 }, (_, index) =>
        store.commit([put('/a', String(index), { type: 'revision', revision })]),
      );
      const results = await Promise.all(claims);
      assert.deepEqual(
        results.map(({ type }) => type),
        ['committed', ...Array.from({ length: 19 }, () => 'conflict')],
      );
    },
  },
  {
    name: 'a commit holds up to the most operations; what breaks a limit is the caller’s error',
    async run(store) {
      const full = Array.from({ length: COMMIT_OPERATIONS_MAX }, (_, index) => put(`/k${index}`, 'x'));
      await committed(store, ...full);
      assert.equal(await store.count('/k'), COMMIT_OPERATIONS_MAX);
      const value = Buffer.from('x');
      const wrong: (readonly Operation[])[] = [
        [],
        [...full, put('/one-more', 'x')],
        [put('/a', '1'), deletion('/a')],
        [put('', 'x')],
        [put('k'.repeat(KEY_CHARS_MAX + 1), 'x')],
        [put('/\ud800', 'x')],
        [put('/\0', 'x')],
        [{ type: 'put', key: '/a', value: Buffer.alloc(VALUE_BYTES_MAX + 1) }],
        [{ type: 'put', key: '/a', value, revisionOffset: 2 }],
        [{ type: 'put', key: '/a', value, revisionOffset: -1 }],
      ];
      for (const operations of wrong) await assert.rejects(store.commit(operations), AssertionError);
      await assert.rejects(store.list('/', { limit: 0 }), AssertionError);
      assert.equal(await store.count(''), COMMIT_OPERATIONS_MAX);
    },
  },
];
