import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { objectKey } from '#api/object.ts';
import { API_SERVER_USER } from '#apiserver/components.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { inProcessTransport } from '#apiserver/transport.ts';
import { createClient } from '#client/client.ts';
import type { Transport } from '#client/transport.ts';
import { View, type ViewChange, type ViewIndex } from '#client/view.ts';
import { silentLog } from '#system/log.ts';
import { seededRandom } from '#system/simulated-time.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

interface Bed {
  readonly server: TestServer;
  readonly view: View<ConfigMap>;
  /** Requests for a list, and for a watch with where it begins. */
  readonly asked: string[];
  /** Cuts every watch that is open. */
  cut(): void;
  /** From now on, the server cannot be reached; or can again. */
  reachable: boolean;
  create(name: string, labels?: Record<string, string>, owners?: object[]): Promise<void>;
  remove(name: string): Promise<void>;
  stop(): Promise<void>;
}

async function start(): Promise<Bed> {
  const server = await startTestServer();
  const inner = inProcessTransport(server.server, API_SERVER_USER);
  const asked: string[] = [];
  let cuts: AbortController[] = [];
  const bed = { reachable: true };
  const transport: Transport = {
    async request(request) {
      if (!bed.reachable) throw new Error('no answer');
      const isWatch = request.path.includes('watch=true');
      asked.push(
        isWatch
          ? `watch ${new URLSearchParams(request.path.split('?')[1]).get('resourceVersion') ?? ''}`
          : 'list',
      );
      if (!isWatch) return inner.request(request);
      const cut = new AbortController();
      cuts.push(cut);
      return inner.request({
        ...request,
        signal: AbortSignal.any([cut.signal, ...(request.signal === undefined ? [] : [request.signal])]),
      });
    },
  };
  const { clock } = server;
  const view = new View(createClient(transport, { name: 'test' }), configMapResource, {
    clock,
    random: seededRandom(3),
    log: silentLog,
  });
  const stop = new AbortController();
  const running = view.run(stop.signal);
  const call = async (request: Parameters<TestServer['call']>[0], status: number) =>
    assert.equal((await server.call(request)).status, status);
  return Object.assign(bed, {
    server,
    view,
    asked,
    cut() {
      for (const each of cuts) each.abort();
      cuts = [];
    },
    create: (name: string, labels = {}, ownerReferences: object[] = []) =>
      call({ method: 'POST', path: CONFIG_MAPS, body: { metadata: { name, labels, ownerReferences } } }, 201),
    remove: (name: string) => call({ method: 'DELETE', path: `${CONFIG_MAPS}/${name}` }, 200),
    async stop() {
      stop.abort();
      await Promise.all([running, server.settle()]);
      await server.stop();
    },
  });
}

function namesOf(view: View<ConfigMap>, scope = {}): string[] {
  return view
    .list(scope)
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

test('a view lists once, then follows', async () => {
  const { server, view, asked, create, remove, stop } = await start();
  assert.equal(view.synced, false);
  await create('a');
  await server.settle();
  assert.equal(view.synced, true);
  await create('b');
  await remove('a');
  await server.settle();
  assert.deepEqual([namesOf(view), asked.filter((each) => each === 'list').length], [['b'], 1]);
  assert.equal(view.get('default/b')?.metadata.managedFields, undefined, 'what nobody reads is not kept');
  await stop();
});

test('after a cut it goes on where it was; after 410 it lists anew and tells what went meanwhile', async () => {
  const bed = await start();
  const { server, view, asked, create, remove } = bed;
  const changes: string[] = [];
  view.subscribe(({ key, object, previous }) =>
    changes.push(`${object === undefined ? 'gone' : previous === undefined ? 'new' : 'changed'} ${key}`),
  );
  await create('a');
  await create('b');
  await server.clock.advance(1000);
  const seen = server.store.revision;
  bed.cut();
  await create('c');
  await server.clock.advance(1000);
  assert.deepEqual([asked.at(-1), namesOf(view)], [`watch ${seen}`, ['a', 'b', 'c']]);
  bed.reachable = false;
  bed.cut();
  await remove('a');
  await create('d');
  await server.store.compact(server.store.revision);
  await server.clock.advance(5000);
  assert.deepEqual(namesOf(view), ['a', 'b', 'c'], 'out of reach, it keeps what it knew');
  bed.reachable = true;
  await server.clock.advance(60_000);
  assert.deepEqual(namesOf(view), ['b', 'c', 'd']);
  assert.deepEqual(changes, [
    'new default/a',
    'new default/b',
    'new default/c',
    'gone default/a',
    'new default/d',
  ]);
  assert.equal(asked.filter((each) => each === 'list').length, 2);
  await bed.stop();
});

test('a server that is behind what the view has seen is listed anew', async () => {
  const bed = await start();
  const { server, view, create } = bed;
  await create('a');
  await server.settle();
  const behind = String(server.store.revision - 1);
  let lists = 0;
  const client = createClient(inProcessTransport(server.server, API_SERVER_USER), { name: 'test' });
  // As a server that was restored from a backup: what it says first comes from later than what it has.
  const ahead = new View(
    {
      ...client,
      list: async (type, scope) => ({
        ...(await client.list(type, scope)),
        resourceVersion: ++lists === 1 ? '999999' : behind,
      }),
    },
    configMapResource,
    { clock: server.clock, random: seededRandom(1), log: silentLog },
  );
  const stop = new AbortController();
  const running = ahead.run(stop.signal);
  await server.clock.advance(5000);
  await create('b');
  await server.clock.advance(1000);
  assert.deepEqual([namesOf(ahead), lists], [namesOf(view), 2]);
  stop.abort();
  await Promise.all([running, server.settle()]);
  await bed.stop();
});

test('whoever waits for a revision waits until the view has come to it', async () => {
  const { server, view, create, stop } = await start();
  await create('a');
  await server.settle();
  await view.caughtUp(String(server.store.revision));
  const told: string[] = [];
  const next = String(server.store.revision + 1);
  void view.caughtUp(next).then(() => told.push(next));
  await server.settle();
  assert.equal(told.length, 0);
  await create('b');
  await server.settle();
  assert.deepEqual(told, [next]);
  // A bookmark tells of what happened elsewhere.
  await server.call({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'n' } } });
  void view.caughtUp(String(server.store.revision)).then(() => told.push('bookmark'));
  await server.clock.advance(61_000);
  assert.equal(told.at(-1), 'bookmark');
  await stop();
});

test('objects by owner, controlling or not, and by namespace', async () => {
  const { server, view, create, remove, stop } = await start();
  const owner = (uid: string, controller: boolean) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    name: uid,
    uid,
    controller,
  });
  await create('controlled', {}, [owner('x', true), owner('y', false)]);
  await create('dependent', {}, [owner('x', false)]);
  await create('free');
  await server.call({
    method: 'POST',
    path: '/api/v1/namespaces/kube-system/configmaps',
    body: { metadata: { name: 'far' } },
  });
  await server.settle();
  assert.deepEqual(namesOf(view, { ownedBy: 'x' }), ['controlled']);
  assert.deepEqual(namesOf(view, { dependentOn: 'x' }), ['controlled', 'dependent']);
  assert.deepEqual(namesOf(view, { dependentOn: 'y' }), ['controlled']);
  assert.deepEqual([namesOf(view, { namespace: 'kube-system' }), namesOf(view).length], [['far'], 4]);
  const headers = { 'content-type': 'application/merge-patch+json' };
  await server.call({
    method: 'PATCH',
    path: `${CONFIG_MAPS}/controlled`,
    headers,
    body: { metadata: { ownerReferences: [owner('z', true)] } },
  });
  await remove('dependent');
  await server.settle();
  assert.deepEqual(
    [namesOf(view, { dependentOn: 'x' }), namesOf(view, { ownedBy: 'z' })],
    [[], ['controlled']],
  );
  await stop();
});

/** Sorted names by label `tier`. */
const byTier: ViewIndex<ConfigMap, Map<string, Set<string>>> = {
  type: configMapResource,
  create: () => new Map(),
  take(state, { key, object, previous }: ViewChange<ConfigMap>) {
    const before = previous?.metadata.labels?.tier;
    const now = object?.metadata.labels?.tier;
    if (before !== undefined) state.get(before)?.delete(key);
    if (now !== undefined) state.set(now, (state.get(now) ?? new Set()).add(key));
  },
};

test('whatever is written and whenever the watch is cut, the view and its indexes come to what the store has', async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('write' as const),
        name: fc.integer({ min: 0, max: 5 }),
        tier: fc.integer({ min: 0, max: 2 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('delete' as const), name: fc.integer({ min: 0, max: 5 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom('cut' as const, 'compact' as const, 'leave' as const, 'return' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2000 }) }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const bed = await start();
      const { server, view } = bed;
      const index = view.index(byTier);
      const told = new Map<string, ConfigMap>();
      view.subscribe(
        ({ key, object }) => void (object === undefined ? told.delete(key) : told.set(key, object)),
      );
      for (const each of steps) {
        if (each.type === 'write') {
          const path = `${CONFIG_MAPS}/m${each.name}?fieldManager=t&force=true`;
          const headers = { 'content-type': 'application/apply-patch+yaml' };
          await server.call({
            method: 'PATCH',
            path,
            headers,
            body: { metadata: { labels: { tier: String(each.tier) } } },
          });
        } else if (each.type === 'delete')
          await server.call({ method: 'DELETE', path: `${CONFIG_MAPS}/m${each.name}` });
        else if (each.type === 'cut') bed.cut();
        else if (each.type === 'compact') await server.store.compact(server.store.revision);
        else if (each.type === 'wait') await server.clock.advance(each.ms);
        else bed.reachable = each.type === 'return';
      }
      bed.reachable = true;
      await server.clock.advance(120_000);
      const { items } = await server.client.list(configMapResource);
      const stored = new Map(items.map((item) => [objectKey(item), item.metadata.resourceVersion]));
      const versions = (objects: Iterable<ConfigMap>) =>
        new Map([...objects].map((object) => [objectKey(object), object.metadata.resourceVersion]));
      assert.deepEqual(versions(view.list()), stored);
      assert.deepEqual(versions(told.values()), stored, 'listeners were told the same');
      for (const tier of ['0', '1', '2']) {
        const expected = items.filter(({ metadata }) => metadata.labels?.tier === tier).map(objectKey);
        assert.deepEqual([...(index.get(tier) ?? [])].toSorted(), expected.toSorted());
      }
      await bed.stop();
    }),
    { numRuns: 40 },
  );
});
