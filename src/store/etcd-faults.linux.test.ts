import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, committed, deletion, line, pairs, put } from '#store/conformance-words.ts';
import { openEtcdStore } from '#store/etcd.ts';
import { clientOf, type EtcdMember, startEtcd, withoutEtcd } from '#store/etcd-member.linux.fixture.ts';
import { RevisionExpiredError, type Store, StoreFormatError, StoreUnavailableError } from '#store/store.ts';
import { must } from '#system/assert.ts';
import { realClock, realDefer, realRandom } from '#system/real.ts';

const skip = withoutEtcd();

function openOn(
  members: readonly EtcdMember[],
  options: { epochMin?: number; onFailure?: (error: Error) => void } = {},
): Promise<Store> {
  return openEtcdStore({
    endpoints: members.map(({ endpoint }) => endpoint),
    tls: must(members[0], 'a member').tls,
    ...{ clock: realClock, random: realRandom, defer: realDefer },
    ...options,
  });
}

async function withEtcd(run: (members: EtcdMember[]) => Promise<void>, extra: string[] = []): Promise<void> {
  const members = await startEtcd(1, { extra });
  try {
    await run(members);
  } finally {
    for (const member of members) await member[Symbol.asyncDispose]();
  }
}

test(
  'two processes on one etcd see each other’s commits at once, and each other’s compaction',
  { skip },
  () =>
    withEtcd(async (members) => {
      await using one = await openOn(members);
      await using two = await openOn(members);
      const watch = await collect(two, '/', two.revision);
      const first = await committed(one, put('/a', '1'));
      assert.deepEqual(pairs((await two.list('/')).entries), ['/a=1']);
      const second = await committed(two, put('/a', '2', { type: 'revision', revision: first }));
      assert.equal(
        (await one.commit([put('/a', '3', { type: 'revision', revision: first })])).type,
        'conflict',
      );
      await watch.reached(await committed(one, deletion('/a')));
      assert.equal(watch.events.length, 3);
      await one.compact(second);
      await two.get('/a');
      await assert.rejects(two.list('/', { revision: first }), RevisionExpiredError);
      assert.deepEqual(pairs((await two.list('/', { revision: second })).entries), ['/a=2']);
    }),
);

test(
  'while etcd is away reads of now and writes are refused, the past is served; a watch then goes on without gap or repeat',
  { skip },
  () =>
    withEtcd(async (members) => {
      const member = must(members[0], 'a member');
      await using store = await openOn(members);
      await using other = await openOn(members);
      const watch = await collect(store, '/', store.revision);
      const first = await committed(store, put('/a', '1'));
      await member.kill();
      await assert.rejects(store.get('/a'), StoreUnavailableError);
      await assert.rejects(store.commit([put('/a', '2')]), StoreUnavailableError);
      assert.deepEqual(pairs((await store.list('/', { revision: first })).entries), ['/a=1']);
      await member.start();
      const last = await committed(other, put('/b', '1'));
      await watch.reached(last);
      assert.deepEqual(watch.events.map(line), [`put /a 1@${first}`, `put /b 1@${last}`]);
      assert.deepEqual(watch.ends, []);
    }),
);

test(
  'history that others compacted away while a process could not follow ends its watches as expired, and nothing is missed',
  { skip },
  () =>
    withEtcd(async (members) => {
      const member = must(members[0], 'a member');
      await using client = clientOf(members);
      await using store = await openOn(members);
      const watch = await collect(store, '/', await committed(store, put('/a', '1')));
      // The process loses its watch, and while it is away the history is compacted up to a deletion, then to the end.
      await member.kill();
      await member.start();
      await using other = await openOn(members);
      await committed(other, put('/a', '2'));
      const last = await committed(other, deletion('/a'), put('/b', '1'));
      await client.compact({ revision: last % 2 ** 40 });
      assert.deepEqual(pairs((await store.list('/')).entries), ['/b=1']);
      if (watch.ends.length > 0) assert.ok(watch.ends[0] instanceof RevisionExpiredError);
      else assert.equal(watch.events.length, 3);
      await using fresh = await openOn(members);
      assert.deepEqual(pairs((await fresh.list('/')).entries), ['/b=1']);
    }),
);

test(
  'a process under which the epoch is raised ends, and none of its commits gets through after that',
  { skip },
  () =>
    withEtcd(async (members) => {
      const failures: Error[] = [];
      await using store = await openOn(members, { onFailure: (error) => failures.push(error) });
      const revision = await committed(store, put('/a', '1'));
      const watch = await collect(store, '/', revision);
      await using restored = await openOn(members, { epochMin: 2 });
      await assert.rejects(store.commit([put('/a', 'late')]), StoreUnavailableError);
      await watch.ended;
      assert.match(String(failures[0]), /the epoch was raised to 2/u);
      assert.deepEqual(pairs((await restored.list('/')).entries), ['/a=1']);
    }),
);

test(
  'data that lies in another cluster than its epoch began in was restored: the epoch rises, and the past is gone',
  { skip },
  () =>
    withEtcd(async (members) => {
      const revision = await (async () => {
        await using store = await openOn(members);
        return await committed(store, put('/a', '1'));
      })();
      await using client = clientOf(members);
      // What restoring a snapshot of etcd comes to: the same keys in a cluster with another id.
      await client.txn({
        success: [{ put: { key: Buffer.from('skerry/epochs/0000'), value: Buffer.from('1') } }],
      });
      await using store = await openOn(members);
      assert.equal(store.epoch, 1);
      assert.deepEqual(pairs((await store.list('/')).entries), ['/a=1']);
      await assert.rejects(store.list('/', { revision }), RevisionExpiredError);
      await using again = await openOn(members);
      assert.equal(again.epoch, 1);
    }),
);

test('an etcd that is full refuses what is put and takes deletions', { skip }, () =>
  withEtcd(
    async (members) => {
      await using store = await openOn(members);
      await committed(store, put('/kept', '1'), put('/gone', '1'));
      const value = Buffer.alloc(1024 * 1024, 'x');
      const refused = await (async () => {
        for (let n = 0; n < 100; n++) await store.commit([{ type: 'put', key: `/large/${n}`, value }]);
      })().catch((error: unknown) => error);
      assert.ok(refused instanceof StoreUnavailableError, String(refused));
      assert.match(refused.message, /out of space/u);
      await assert.rejects(store.commit([put('/more', '1')]), /out of space/u);
      await committed(store, { ...deletion('/gone'), value: Buffer.from('last') });
      assert.equal(await store.get('/gone'), undefined);
      assert.notEqual(await store.get('/kept'), undefined);
    },
    ['--quota-backend-bytes=16777216'],
  ),
);

test(
  'a value that was damaged or put there by others is never served: the store says which key it is',
  { skip },
  () =>
    withEtcd(async (members) => {
      await using client = clientOf(members);
      const failures: Error[] = [];
      await using store = await openOn(members, { onFailure: (error) => failures.push(error) });
      await committed(store, put('/a', '1'));
      const found = must((await client.range({ key: Buffer.from('skerry/objects/a') })).kvs[0], 'the key');
      const bad = Buffer.from(found.value);
      bad.writeUInt8(bad.readUInt8(bad.length - 1) ^ 1, bad.length - 1);
      await client.txn({ success: [{ put: { key: found.key, value: bad } }] });
      await assert.rejects(store.get('/a'), /damaged/u);
      assert.ok(failures[0] instanceof StoreFormatError);
      await assert.rejects(openOn(members), /"\/a" damaged/u);
    }),
);

test('an etcd that is not there is said in one sentence', { skip }, () =>
  withEtcd(async (members) => {
    await must(members[0], 'a member').kill();
    await assert.rejects(openOn(members), /could not open the store in etcd: etcd does not answer/u);
  }),
);
