import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENT_LIFETIME_MS, keepHouse } from '#apiserver/housekeeping.ts';
import { startTestServer } from '#apiserver/test-server.ts';
import { silentLog } from '#system/log.ts';

const EVENTS = '/api/v1/namespaces/default/events';

test('events go an hour after they were seen last, however many; watchers are told at which revision', async () => {
  const server = await startTestServer();
  const stop = new AbortController();
  const { store, clock } = server;
  const keeping = keepHouse({ store, clock, log: silentLog }, stop.signal);
  const create = async (name: string, lastTimestamp: string) => {
    const body = {
      metadata: { name },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
      reason: 'R',
      type: 'Normal',
      lastTimestamp,
    };
    assert.equal((await server.call({ method: 'POST', path: EVENTS, body })).status, 201);
  };
  for (let n = 0; n < 300; n++) await create(`old${n}`, '2026-01-01T00:00:00Z');
  await create('young', '2026-01-01T00:30:00Z');
  const left = async () => (await server.call<{ items: unknown[] }>({ path: EVENTS })).body.items.length;
  await clock.advance(EVENT_LIFETIME_MS);
  assert.equal(await left(), 301);
  const watch = await server.watch(`${EVENTS}?watch=1&resourceVersion=${store.revision}`);
  await clock.advance(5 * 60_000);
  assert.equal(await left(), 1);
  const deleted = watch.read();
  assert.equal(deleted.length, 300);
  const revisions = deleted.map(({ object }) => Number(object.metadata.resourceVersion));
  assert.equal(
    new Set(revisions).size,
    300,
    'each at a revision of its own: a watcher may come back between any two',
  );
  assert.deepEqual(
    revisions,
    revisions.toSorted((a, b) => a - b),
  );
  stop.abort();
  await keeping;
  await server.stop();
});

test('history that is older than an interval is forgotten; an idle store writes nothing', async () => {
  const server = await startTestServer();
  const stop = new AbortController();
  const { store, clock } = server;
  const begin = store.revision;
  const keeping = keepHouse({ store, clock, log: silentLog }, stop.signal);
  await server.call({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'n' } } });
  await clock.advance(5 * 60_000);
  assert.equal((await store.list('', { revision: begin })).revision, begin, 'the last interval is kept');
  await server.call({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'm' } } });
  await clock.advance(5 * 60_000);
  await assert.rejects(store.list('', { revision: begin }), { name: 'RevisionExpiredError' });
  stop.abort();
  await keeping;
  await server.stop();
});
