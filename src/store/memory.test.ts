import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStore } from '#store/conformance.ts';
import { collect, committed, line, pairs, put } from '#store/conformance-words.ts';
import { openMemoryStore } from '#store/memory.ts';
import type { DurableLog } from '#store/memory-log.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { COMMIT_QUEUE_BYTES_MAX, StoreUnavailableError, VALUE_BYTES_MAX } from '#store/store.ts';

describeStore('memory', async () => {
  const log = createMemoryLog();
  return { open: (options) => openMemoryStore({ log, ...options }), remove: () => Promise.resolve() };
});

/** A log whose appends wait until they are let through, or are lost. */
function heldLog(): {
  log: DurableLog;
  release: (outcome: 'kept' | 'lost' | Error) => Promise<void>;
  kept: DurableLog;
} {
  const kept = createMemoryLog();
  let decide: ((outcome: 'kept' | 'lost' | Error) => void) | undefined;
  const log: DurableLog = {
    ...kept,
    async append(commits) {
      const outcome = await new Promise<'kept' | 'lost' | Error>((resolve) => {
        decide = resolve;
      });
      if (outcome instanceof Error) throw outcome;
      if (outcome === 'kept') await kept.append(commits);
      else await new Promise(() => undefined);
    },
  };
  return {
    log,
    kept,
    async release(outcome) {
      for (let turns = 0; decide === undefined && turns < 20; turns++) await Promise.resolve();
      decide?.(outcome);
      decide = undefined;
      for (let turns = 0; turns < 20; turns++) await Promise.resolve();
    },
  };
}

test('a commit is neither acknowledged, nor read, nor told before the log has kept it', async () => {
  const { log, release } = heldLog();
  const store = await openMemoryStore({ log });
  const begin = store.revision;
  const watch = await collect(store, '/', begin);
  let acknowledged = false;
  const commit = store.commit([put('/a', '1')]).then(() => {
    acknowledged = true;
  });
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  assert.deepEqual(
    { acknowledged, revision: store.revision, read: await store.get('/a'), told: watch.events.length },
    { acknowledged: false, revision: begin, read: undefined, told: 0 },
  );
  await release('kept');
  await commit;
  assert.deepEqual(watch.events.map(line), [`put /a 1@${store.revision}`]);
});

test('a crash while a commit is being kept loses that commit and no acknowledged one', async () => {
  const { log, kept, release } = heldLog();
  const store = await openMemoryStore({ log });
  const first = store.commit([put('/a', '1')]);
  await release('kept');
  await first;
  void store.commit([put('/a', '2')]);
  await release('lost');
  const again = await openMemoryStore({ log: kept });
  assert.deepEqual(pairs((await again.list('/')).entries), ['/a=1']);
});

test('commits asked for while another is being kept are appended together', async () => {
  const { log, release } = heldLog();
  const appended: number[] = [];
  const counting: DurableLog = {
    ...log,
    append(commits) {
      appended.push(commits.length);
      return log.append(commits);
    },
  };
  const store = await openMemoryStore({ log: counting });
  const first = store.commit([put('/a', '1')]);
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  const others = ['2', '3', '4'].map((value) => store.commit([put('/a', value)]));
  await release('kept');
  await release('kept');
  await Promise.all([first, ...others]);
  assert.deepEqual(appended, [1, 3]);
});

test('where the log refuses, the commits of that append are refused, reads work, and the next commit may pass', async () => {
  const { log, release } = heldLog();
  const store = await openMemoryStore({ log });
  const refused = [store.commit([put('/a', '1')]), store.commit([put('/a', '2', { type: 'absent' })])];
  const results = Promise.allSettled(refused);
  const full = new Error('disk full');
  await release(full);
  for (const result of await results) {
    assert.ok(result.status === 'rejected' && result.reason instanceof StoreUnavailableError);
    assert.equal(result.reason.cause, full);
  }
  assert.deepEqual((await store.list('/')).entries, []);
  const passes = committed(store, put('/a', '3', { type: 'absent' }));
  await release('kept');
  await passes;
});

test('commits beyond the bytes that may wait are refused', async () => {
  const { log, release } = heldLog();
  const store = await openMemoryStore({ log });
  const value = Buffer.alloc(VALUE_BYTES_MAX);
  const fit = Math.floor(COMMIT_QUEUE_BYTES_MAX / VALUE_BYTES_MAX);
  const commits = Array.from({ length: fit }, (_, n) => store.commit([{ type: 'put', key: `/${n}`, value }]));
  await assert.rejects(store.commit([{ type: 'put', key: '/more', value }]), StoreUnavailableError);
  for (const commit of commits) {
    await release('kept');
    await commit;
  }
  const later = store.commit([{ type: 'put', key: '/more', value }]);
  await release('kept');
  await later;
});
