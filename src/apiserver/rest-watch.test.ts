import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { WATCH_BUFFER_BYTES_MAX } from '#apiserver/watch-stream.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import type { Store } from '#store/store.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const MINUTE_MS = 60_000;

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.stop());

async function create(name: string, labels: Record<string, string> = {}): Promise<string> {
  const answer = await server.call({
    method: 'POST',
    path: CONFIG_MAPS,
    body: { metadata: { name, labels } },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.metadata.resourceVersion;
}

async function label(name: string, tier: string | null): Promise<string> {
  const headers = { 'content-type': 'application/merge-patch+json' };
  const body = { metadata: { labels: { tier } } };
  const answer = await server.call({ method: 'PATCH', path: `${CONFIG_MAPS}/${name}`, headers, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.metadata.resourceVersion;
}

async function remove(name: string): Promise<void> {
  assert.equal((await server.call({ method: 'DELETE', path: `${CONFIG_MAPS}/${name}` })).status, 200);
}

const WITH_INITIAL_EVENTS =
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

test('a watch begins with what is there, with changes alone, or with a mark between the two', async () => {
  const first = await create('a');
  const second = await create('b');
  const table: [string, string[]][] = [
    ['', ['ADDED a', 'ADDED b', 'ADDED c']],
    ['&resourceVersion=0', ['ADDED a', 'ADDED b', 'ADDED c']],
    [`&resourceVersion=${first}`, ['ADDED b', 'ADDED c']],
    [`&resourceVersion=${second}`, ['ADDED c']],
    [`&${WITH_INITIAL_EVENTS}`, ['ADDED a', 'ADDED b', `BOOKMARK ${second} initial-events-end`, 'ADDED c']],
    [
      `&${WITH_INITIAL_EVENTS}&resourceVersion=${first}`,
      ['ADDED a', 'ADDED b', `BOOKMARK ${second} initial-events-end`, 'ADDED c'],
    ],
    ['&sendInitialEvents=false&resourceVersionMatch=NotOlderThan', ['ADDED c']],
    [
      `&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=${first}`,
      ['ADDED b', 'ADDED c'],
    ],
  ];
  const watches = [];
  for (const [query, expected] of table)
    watches.push({ query, expected, watch: await server.watch(`${CONFIG_MAPS}?watch=1${query}`) });
  await create('c');
  await server.settle();
  for (const { query, expected, watch } of watches) assert.deepEqual(watch.readNames(), expected, query);
});

test('the bookmark that ends the initial events holds the empty list that clients fill with them', async () => {
  const accepts: [string, object][] = [
    ['application/json', { kind: 'ConfigMapList', apiVersion: 'v1', metadata: {}, items: [] }],
    [
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: {}, items: [] },
    ],
  ];
  for (const [accept, empty] of accepts) {
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1&${WITH_INITIAL_EVENTS}`, {
      headers: { accept },
    });
    await server.settle();
    const [bookmark] = watch.read();
    const text = bookmark?.object.metadata.annotations?.['kubernetes.io/initial-events-list-blueprint'] ?? '';
    assert.deepEqual(JSON.parse(Buffer.from(text, 'base64').toString('utf8')), empty);
  }
});

test('what a watch cannot begin with is refused before the stream', async () => {
  const old = await create('a');
  await create('b');
  await server.store.compact(server.store.revision);
  const table: [string, number, RegExp][] = [
    [`resourceVersion=${old}`, 410, /too old/],
    [`resourceVersion=${server.store.revision + 1}`, 504, /Too large resource version/],
    ['resourceVersion=x', 400, /resourceVersion: Invalid value: "x"/],
    ['resourceVersionMatch=Exact', 422, /forbidden for watch unless sendInitialEvents/],
    ['sendInitialEvents=true', 422, /requires setting resourceVersionMatch to NotOlderThan/],
    ['timeoutSeconds=-1', 400, /timeoutSeconds: Invalid value: "-1"/],
    ['labelSelector=%3D', 400, /found '='/],
    ['fieldSelector=color%3Dred', 400, /"color" is not a known field selector/],
    ['includeObject=Half', 400, /includeObject: "Half"/],
  ];
  for (const [query, status, message] of table) {
    const watch = await server.watch(`${CONFIG_MAPS}?watch=true&${query}`);
    assert.equal(watch.status, status, query);
    assert.match(watch.refusal?.message ?? '', message);
  }
});

test('an object that comes into a selection is added, one that leaves it deleted as it was in it', async () => {
  const watch = await server.watch(`${CONFIG_MAPS}?watch=1&labelSelector=tier%3Dx`);
  await create('a');
  await create('b', { tier: 'x' });
  await label('a', 'x');
  const left = await label('b', 'y');
  await label('b', 'z');
  await remove('b');
  await remove('a');
  await server.settle();
  const events = watch.read();
  assert.deepEqual(
    events.map(({ type, object }) => `${type} ${object.metadata.name} ${object.metadata.labels?.tier ?? ''}`),
    ['ADDED b x', 'ADDED a x', 'DELETED b x', 'DELETED a x'],
  );
  assert.equal(events[2]?.object.metadata.resourceVersion, left);
  assert.equal(events[3]?.object.metadata.resourceVersion, String(server.store.revision));
});

test('a bookmark never names what its watcher has not been told', async () => {
  const begin = server.store.revision;
  const watch = await server.watch(
    `${CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion=${begin}`,
  );
  const elsewhere = await server.watch(
    `/api/v1/namespaces/kube-system/configmaps?watch=1&allowWatchBookmarks=true&resourceVersion=${begin}`,
  );
  for (let round = 0; round < 5; round++) {
    // The bookmark falls due while these are being committed.
    const writing = Promise.all(Array.from({ length: 40 }, (_, n) => create(`r${round}-${n}`)));
    await Promise.all([server.clock.advance(MINUTE_MS), writing]);
  }
  await server.settle();
  let told = begin;
  let bookmarks = 0;
  for (const { type, object } of watch.read()) {
    const revision = Number(object.metadata.resourceVersion);
    if (type === 'BOOKMARK') bookmarks += 1;
    assert.ok(type === 'BOOKMARK' ? revision >= told : revision > told, `${type} ${revision} after ${told}`);
    told = revision;
  }
  assert.equal(bookmarks, 5);
  const names = elsewhere.readNames();
  assert.equal(names.length, 5);
  assert.ok(
    names.every((name) => name.startsWith('BOOKMARK')),
    'a quiet watcher is kept current',
  );
});

test('a watcher that is still catching up gets no bookmark beyond what it was told', async () => {
  const log = createMemoryLog();
  const inner = await openMemoryStore({ log });
  const behind: Store = {
    shared: false,
    epoch: inner.epoch,
    get revision() {
      return inner.revision;
    },
    get: (key) => inner.get(key),
    list: (prefix, options) => inner.list(prefix, options),
    count: (prefix) => inner.count(prefix),
    commit: (operations) => inner.commit(operations),
    compact: (revision) => inner.compact(revision),
    watch: async (prefix, after, watcher) => ({
      ...(await inner.watch(prefix, after, watcher)),
      revision: after,
    }),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  const other = await startTestServer({ store: behind });
  const watch = await other.watch(
    `${CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion=${inner.revision}`,
  );
  const begin = inner.revision;
  await other.call({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'n' } } });
  await other.clock.advance(MINUTE_MS);
  assert.ok(inner.revision > begin);
  assert.deepEqual(watch.readNames(), [`BOOKMARK ${begin}`]);
  await other.stop();
});

test('a watcher that reads too slowly is told so and closed; the others hear everything', async () => {
  const [slow, quick] = [
    await server.watch(`${CONFIG_MAPS}?watch=1`),
    await server.watch(`${CONFIG_MAPS}?watch=1`),
  ];
  const text = 'x'.repeat(1_000_000);
  const heard: string[] = [];
  for (let n = 0; n < 20; n++) {
    await server.call({
      method: 'POST',
      path: CONFIG_MAPS,
      body: { metadata: { name: `big${n}` }, data: { text } },
    });
    await server.settle();
    heard.push(...quick.readNames());
  }
  assert.equal(heard.length, 20);
  assert.deepEqual([slow.ended, quick.ended], [true, false]);
  const [last] = slow.read().slice(-1);
  assert.equal(last?.type, 'ERROR');
  assert.deepEqual([last?.object.reason, last?.object.code], ['Expired', 410]);
  assert.match(last?.object.message ?? '', /the watcher reads too slowly: \d+ bytes wait for it/);
});

test('what a closed watcher does not read is dropped in the end', async () => {
  const text = 'x'.repeat(1_000_000);
  const frozen = await server.watch(`${CONFIG_MAPS}?watch=1`);
  for (let n = 0; n < 20; n++)
    await server.call({
      method: 'POST',
      path: CONFIG_MAPS,
      body: { metadata: { name: `big${n}` }, data: { text } },
    });
  await server.settle();
  assert.deepEqual([frozen.ended, frozen.destroyed], [true, false]);
  await server.clock.advance(MINUTE_MS);
  assert.equal(frozen.destroyed, true);
});

test('what was there when a watch began does not count as slowness', async () => {
  const text = 'x'.repeat(2_000_000);
  for (let n = 0; n * text.length < WATCH_BUFFER_BYTES_MAX; n++) {
    await server.call({
      method: 'POST',
      path: CONFIG_MAPS,
      body: { metadata: { name: `big${n}` }, data: { text } },
    });
  }
  const watch = await server.watch(`${CONFIG_MAPS}?watch=1`);
  await create('one-more');
  await server.settle();
  assert.equal(watch.ended, false);
  assert.equal(watch.readNames().at(-1), 'ADDED one-more');
});

test('a watch ends when its time is over, and no timer outlives it', async () => {
  const watch = await server.watch(`${CONFIG_MAPS}?watch=1&timeoutSeconds=90&allowWatchBookmarks=true`);
  const default_ = await server.watch(`${CONFIG_MAPS}?watch=1`);
  await server.clock.advance(89_000);
  assert.equal(watch.ended, false);
  await server.clock.advance(1_000);
  assert.deepEqual([watch.ended, watch.readNames().length], [true, 1]);
  await create('late');
  await server.clock.advance(29 * MINUTE_MS);
  assert.deepEqual([watch.readNames(), default_.ended], [[], false]);
  await server.clock.advance(32 * MINUTE_MS);
  assert.equal(default_.ended, true);
});

test('a watcher that leaves is told nothing more', async () => {
  const watch = await server.watch(`${CONFIG_MAPS}?watch=1&allowWatchBookmarks=true`);
  watch.leave();
  await create('a');
  await server.clock.advance(5 * MINUTE_MS);
  assert.deepEqual([watch.readNames(), watch.ended], [[], true]);
});

test('when the store closes, a watch ends with a reason', async () => {
  const watch = await server.watch(`${CONFIG_MAPS}?watch=1`);
  await server.settle();
  await server.store[Symbol.asyncDispose]();
  assert.deepEqual([watch.readNames(), watch.ended], [['ERROR ServiceUnavailable'], true]);
});

test('a watch as a table has its columns once; as metadata it has no more than that', async () => {
  const accept = (as: string) => ({ headers: { accept: `application/json;as=${as};v=v1;g=meta.k8s.io` } });
  const table = await server.watch(`${CONFIG_MAPS}?watch=1&${WITH_INITIAL_EVENTS}`, accept('Table'));
  const partial = await server.watch(`${CONFIG_MAPS}?watch=1`, accept('PartialObjectMetadata'));
  await create('a');
  await create('b');
  await server.settle();
  type Row = { kind: string; columnDefinitions: unknown[]; rows: { cells: unknown[] }[] };
  const tables = table.read().map(({ type, object }) => ({ type, ...(object as unknown as Row) }));
  assert.deepEqual(
    tables.map(({ type, kind, columnDefinitions, rows }) => [
      type,
      kind,
      columnDefinitions.length,
      rows.map(({ cells }) => cells[0]),
    ]),
    [
      ['BOOKMARK', 'Table', 0, []],
      ['ADDED', 'Table', 3, ['a']],
      ['ADDED', 'Table', 0, ['b']],
    ],
  );
  assert.deepEqual(
    partial.read().map(({ object }) => Object.keys(object)),
    Array(2).fill(['kind', 'apiVersion', 'metadata']),
  );
});

test('a watch by name, and of all namespaces', async () => {
  const named = await server.watch(`${CONFIG_MAPS}?watch=1&fieldSelector=metadata.name%3Da`);
  const all = await server.watch('/api/v1/configmaps?watch=1&resourceVersion=0');
  await create('a');
  await create('b');
  await server.settle();
  assert.deepEqual([named.readNames(), all.readNames()], [['ADDED a'], ['ADDED a', 'ADDED b']]);
});
