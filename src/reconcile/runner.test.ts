import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { eventResource } from '#api/core/event.ts';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import { type Secret, secretResource } from '#api/core/secret.ts';
import { badRequest, StatusError } from '#api/status.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import type { Client } from '#client/client.ts';
import { Views } from '#client/views.ts';
import { type Action, type Controller, ownerOfKind, read, type Snapshot } from '#reconcile/controller.ts';
import { startController } from '#reconcile/runner.ts';
import { createLog } from '#system/log.ts';
import { seededRandom } from '#system/simulated-time.ts';

interface Bed {
  readonly server: TestServer;
  readonly warnings: string[];
  isIdle(horizonMs?: number): boolean;
  create(name: string, data?: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

async function start(
  controller: Partial<Controller<ConfigMap>>,
  { client = (inner: Client) => inner }: { client?: (inner: Client) => Client } = {},
): Promise<Bed> {
  const server = await startTestServer();
  const { clock } = server;
  const warnings: string[] = [];
  const log = createLog({ write: (line) => void warnings.push(line), now: () => clock.now(), level: 'warn' });
  const random = seededRandom(5);
  const views = new Views(server.client, { clock, random, log });
  const full: Controller<ConfigMap> = {
    name: 'tester',
    for: configMapResource,
    reads: [],
    writes: [],
    plan: () => [],
    ...controller,
  };
  const running = startController(full, {
    client: client(server.client),
    views,
    clock,
    random,
    log,
    podType: podResource,
    eventType: eventResource,
  });
  const stop = new AbortController();
  const all = Promise.all([views.run(stop.signal), running.run(stop.signal)]);
  await clock.advance(100);
  return {
    server,
    warnings,
    isIdle: (horizonMs) => running.queue.isIdle(horizonMs),
    async create(name, data = {}) {
      await server.client.create(configMapResource, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace: 'default', name },
        data,
      });
    },
    async stop() {
      stop.abort();
      await Promise.all([all, server.settle()]);
      await server.stop();
    },
  };
}

function keyOf({ name }: Snapshot<ConfigMap>): string {
  return `${name.namespace ?? ''}/${name.name}`;
}

function secretOf(owner: ConfigMap): Action {
  const { name, namespace = '', uid } = owner.metadata;
  const metadata = {
    name,
    namespace,
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true }],
  };
  return {
    type: 'create',
    resource: secretResource,
    object: { apiVersion: 'v1', kind: 'Secret', metadata } as never,
    why: `${name} has no secret`,
  };
}

const WITH_SECRETS = {
  reads: [read<Secret>(secretResource, ownerOfKind('ConfigMap'))],
  writes: [{ type: secretResource, verbs: ['create', 'delete'] as const }],
};

/** One secret for each ConfigMap. */
function planSecret(snapshot: Snapshot<ConfigMap>): Action[] {
  const { object } = snapshot;
  if (object === undefined) return [];
  return snapshot.list(secretResource, { ownedBy: object.metadata.uid }).length > 0 ? [] : [secretOf(object)];
}

test('a key is planned when its object changes, comes and goes, and when something it reads does', async () => {
  const planned: string[] = [];
  const bed = await start({
    ...WITH_SECRETS,
    plan: (snapshot) => {
      planned.push(`${keyOf(snapshot)} ${snapshot.object === undefined ? 'gone' : 'there'}`);
      return planSecret(snapshot);
    },
  });
  const { server, create } = bed;
  const taken = async (): Promise<string[]> => {
    await server.clock.advance(1000);
    return [...new Set(planned.splice(0))];
  };
  await create('a');
  assert.deepEqual(await taken(), ['default/a there']);
  await server.client.delete(secretResource, { namespace: 'default', name: 'a' });
  assert.deepEqual(await taken(), ['default/a there']);
  assert.ok(await server.client.find(secretResource, { namespace: 'default', name: 'a' }), 'it is made anew');
  await taken();
  await server.client.delete(configMapResource, { namespace: 'default', name: 'a' });
  assert.deepEqual(await taken(), ['default/a gone']);
  assert.deepEqual(bed.warnings, []);
  await bed.stop();
});

test('a plan sees what the one before it wrote: nothing is done twice', async () => {
  let creations = 0;
  const bed = await start(
    { ...WITH_SECRETS, plan: planSecret },
    {
      client: (inner) => ({
        ...inner,
        create: (type, object, options) => {
          creations += 1;
          return inner.create(type, object, options);
        },
      }),
    },
  );
  const { server, create } = bed;
  await Promise.all(Array.from({ length: 30 }, (_, n) => create(`m${n}`)));
  const patch = (n: number) =>
    server.client.patch(
      configMapResource,
      { namespace: 'default', name: `m${n}` },
      { patchType: 'merge', patch: { data: { n: 'x' } } },
    );
  await Promise.all(Array.from({ length: 30 }, (_, n) => patch(n)));
  await server.clock.advance(5000);
  assert.equal(creations, 30);
  assert.deepEqual(bed.warnings, []);
  await bed.stop();
});

test('a key that asks for it is planned again after its time, no key for nothing', async () => {
  const times: number[] = [];
  const bed = await start({
    plan: ({ object }, nowMs) => {
      times.push(nowMs);
      return object === undefined
        ? []
        : [
            { type: 'requeue', afterMs: 5000, why: 'later' },
            { type: 'requeue', afterMs: 2000, why: 'sooner' },
          ];
    },
  });
  await bed.create('a');
  await bed.server.clock.advance(5000);
  const [first = 0] = times;
  assert.deepEqual(
    times.map((time) => time - first),
    [0, 2000, 4000],
  );
  await bed.server.client.delete(configMapResource, { namespace: 'default', name: 'a' });
  await bed.server.clock.advance(0);
  const { length } = times;
  await bed.server.clock.advance(60_000);
  assert.deepEqual([times.length, bed.isIdle(60_000)], [length, true]);
  await bed.stop();
});

test('a plan that throws, and one that cannot be carried out, is tried again, each time later', async () => {
  const times: Record<string, number[]> = { throws: [], refused: [] };
  let failures = 6;
  const bed = await start({
    writes: [{ type: secretResource, verbs: ['create'] }],
    plan: ({ object, name }, nowMs) => {
      times[name.name]?.push(nowMs);
      if (object === undefined) return [];
      if (name.name === 'throws' && failures-- > 0) throw new Error('not yet');
      const metadata = { namespace: 'nowhere', name: 'x' };
      return name.name === 'refused'
        ? [
            {
              type: 'create',
              resource: secretResource,
              object: { apiVersion: 'v1', kind: 'Secret', metadata },
              why: 'it never works',
            },
          ]
        : [];
    },
  });
  await bed.create('throws');
  await bed.create('refused');
  await bed.server.clock.advance(10 * 60_000);
  const waits = (name: string) =>
    (times[name] ?? []).slice(1).map((time, index) => time - (times[name]?.[index] ?? 0));
  assert.equal(waits('throws').length, 6, 'until it works');
  const refused = waits('refused');
  assert.ok(refused.length > 10 && refused.length < 30, `${refused.length} tries`);
  for (const [index, wait] of refused.entries()) {
    const step = Math.min(60_000, 50 * 2 ** index);
    assert.ok(wait >= step / 2 && wait <= step + 1, `wait ${index} of ${wait} ms`);
  }
  assert.match(bed.warnings[0] ?? '', /"controller":"tester","key":"default\/(throws|refused)"/);
  await bed.stop();
});

test('one key that fails holds up no other', async () => {
  const planned = new Set<string>();
  const bed = await start({
    concurrentKeysMax: 1,
    plan: ({ name }) => {
      if (name.name === 'bad') throw new Error('always');
      planned.add(name.name);
      return [];
    },
  });
  await bed.create('bad');
  for (let n = 0; n < 10; n++) await bed.create(`good${n}`);
  await bed.server.clock.advance(100);
  assert.equal(planned.size, 10);
  await bed.stop();
});

test('nothing is made in a namespace that is going, and nobody is warned of it', async () => {
  let tries = 0;
  const bed = await start({
    writes: [{ type: configMapResource, verbs: ['create'] }],
    plan: () => {
      tries += 1;
      const object = {
        apiVersion: 'v1' as const,
        kind: 'ConfigMap' as const,
        metadata: { namespace: 'going', name: 'late' },
      };
      return [{ type: 'create', resource: configMapResource, object, why: 'it is not there' }];
    },
  });
  const path = '/api/v1/namespaces';
  await bed.server.call({ method: 'POST', path, body: { metadata: { name: 'going' } } });
  await bed.server.call({ method: 'DELETE', path: `${path}/going` });
  await bed.create('a');
  await bed.server.clock.advance(1000);
  assert.ok(tries > 1);
  assert.deepEqual(bed.warnings, []);
  await bed.stop();
});

test('where a write conflicts, the key is planned again from what is there then, without a warning', async () => {
  let tries = 0;
  const bed = await start({
    writes: [{ type: configMapResource, verbs: ['patch'] }],
    plan: ({ object }) => {
      if (object === undefined || object.data?.done === 'yes') return [];
      tries += 1;
      const resourceVersion = tries === 1 ? '1' : object.metadata.resourceVersion;
      const { namespace, name } = object.metadata;
      return [
        {
          type: 'patch',
          resource: configMapResource,
          name: { namespace, name },
          patch: { metadata: { resourceVersion }, data: { done: 'yes' } },
          why: 'it is not done',
        },
      ];
    },
  });
  await bed.create('a');
  await bed.server.clock.advance(1000);
  const { data } = await bed.server.client.get(configMapResource, { namespace: 'default', name: 'a' });
  assert.deepEqual([tries, data, bed.warnings], [2, { done: 'yes' }, []]);
  await bed.stop();
});

test('what a controller did not declare it neither reads nor writes', async () => {
  const attempts: Record<string, (snapshot: Snapshot<ConfigMap>) => Action[]> = {
    list: (snapshot) => (snapshot.list(nodeResource), []),
    get: (snapshot) => (snapshot.get(nodeResource, { name: 'n' }), []),
    index: (snapshot) => (
      snapshot.index({ type: nodeResource, create: () => ({}), take: () => undefined }), []
    ),
    create: () => [
      {
        type: 'create',
        resource: nodeResource,
        object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } },
        why: 'x',
      },
    ],
    delete: () => [
      {
        type: 'delete',
        resource: secretResource,
        name: { namespace: 'default', name: 's' },
        uid: 'u',
        why: 'x',
      },
    ],
    bind: () => [{ type: 'bind', pod: { namespace: 'default', name: 'p' }, uid: 'u', node: 'n', why: 'x' }],
    patchStatus: ({ object }) => [
      {
        type: 'patchStatus',
        resource: configMapResource,
        name: { namespace: 'default', name: object?.metadata.name ?? '' },
        patch: {},
        why: 'x',
      },
    ],
  };
  const bed = await start({
    writes: [
      { type: secretResource, verbs: ['create'] },
      { type: configMapResource, verbs: ['patch'] },
    ],
    plan: (snapshot) =>
      (snapshot.object === undefined
        ? []
        : (attempts[snapshot.name.name.toLowerCase()] ?? attempts.patchStatus)?.(snapshot)) ?? [],
  });
  for (const name of Object.keys(attempts)) await bed.create(name.toLowerCase());
  await bed.server.clock.advance(10);
  for (const name of Object.keys(attempts)) {
    const warning = bed.warnings.find((line) => line.includes(`"key":"default/${name.toLowerCase()}"`));
    assert.match(warning ?? '', /controller tester did not declare that it (reads|may)/, name);
  }
  assert.equal(await bed.server.client.find(nodeResource, { name: 'n' }), undefined);
  await bed.stop();
});

test('a runner that is stopped before it began ends', async () => {
  const server = await startTestServer();
  const { clock, client } = server;
  const log = createLog({ write: () => undefined, now: () => 0 });
  const random = seededRandom(1);
  const views = new Views(client, { clock, random, log });
  const controller: Controller<ConfigMap> = {
    name: 'late',
    for: configMapResource,
    reads: [],
    writes: [],
    plan: () => [],
  };
  const running = startController(controller, {
    client,
    views,
    clock,
    random,
    log,
    podType: podResource,
    eventType: eventResource,
  });
  await running.run(AbortSignal.abort());
  await server.stop();
});

test('a batch grows from one: what the server refuses is refused a few times', async () => {
  let creations = 0;
  const bed = await start(
    {
      writes: [{ type: secretResource, verbs: ['create'] }],
      plan: ({ object }) =>
        object === undefined
          ? []
          : Array.from(
              { length: 100 },
              (_, n): Action => ({
                type: 'create',
                resource: secretResource,
                object: {
                  apiVersion: 'v1',
                  kind: 'Secret',
                  metadata: { namespace: 'default', name: `s${n}` },
                },
                why: 'many are wanted',
                refused: (message) => [
                  {
                    type: 'event',
                    regarding: object,
                    eventType: 'Warning',
                    reason: 'Refused',
                    message,
                    why: 'a person wants to know',
                  },
                ],
              }),
            ),
    },
    {
      client: (inner) => ({
        ...inner,
        create: (type, object, options) => {
          if ((type as unknown) !== secretResource) return inner.create(type, object, options);
          creations += 1;
          return Promise.reject(
            creations > 3 ? new StatusError('Forbidden', 'the quota is used up') : badRequest('no'),
          );
        },
      }),
    },
  );
  await bed.create('a');
  await bed.server.clock.advance(10);
  assert.equal(creations, 1);
  await bed.server.clock.advance(1000);
  const { items } = await bed.server.client.list(eventResource);
  assert.deepEqual(items.map(({ reason, message }) => `${reason} ${message}`).toSorted(), [
    'Refused no',
    'Refused the quota is used up',
  ]);
  await bed.stop();
});
