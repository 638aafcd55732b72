import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { eventResource } from '#api/core/event.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { podResource } from '#api/core/pod.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import type { Action, Write } from '#reconcile/controller.ts';
import { EventRecorder } from '#reconcile/event-recorder.ts';
import { execute, type Outcome } from '#reconcile/executor.ts';
import { silentLog } from '#system/log.ts';
import { seededRandom } from '#system/simulated-time.ts';

const WRITES: Write[] = [
  { type: configMapResource, verbs: ['create', 'patch', 'delete', 'deleteCollection'] },
  { type: podResource, verbs: ['create', 'patchStatus', 'bind', 'delete'] },
  { type: namespaceResource, verbs: ['create', 'delete', 'finalize'] },
];

async function start(): Promise<{ server: TestServer; run: (...actions: Action[]) => Promise<Outcome> }> {
  const server = await startTestServer();
  const { client, clock } = server;
  const events = new EventRecorder({
    client,
    clock,
    random: seededRandom(1),
    log: silentLog,
    eventType: eventResource,
  });
  const run = (...actions: Action[]) =>
    execute({ name: 'tester', writes: WRITES }, actions, { client, events, podType: podResource });
  return { server, run };
}

function map(name: string): Action {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name } };
  return { type: 'create', resource: configMapResource, object, why: 'test' };
}

test('each kind of action is carried out, and the newest revision is told by resource', async () => {
  const { server, run } = await start();
  const { client } = server;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  };
  const name = { namespace: 'default', name: 'p' };
  await run({ type: 'create', resource: podResource, object: pod, why: 'x' });
  const { uid } = (await client.get(podResource, name)).metadata;
  const outcome = await run(
    map('a'),
    {
      type: 'patch',
      resource: configMapResource,
      name: { namespace: 'default', name: 'a' },
      patch: { data: { k: 'v' } },
      why: 'x',
    },
    { type: 'bind', pod: name, uid, node: 'n1', why: 'x' },
    { type: 'patchStatus', resource: podResource, name, patch: { status: { phase: 'Running' } }, why: 'x' },
    { type: 'requeue', afterMs: 7, why: 'x' },
  );
  assert.equal(outcome.failure, undefined);
  const bound = await client.get(podResource, name);
  assert.deepEqual([bound.spec.nodeName, bound.status?.phase], ['n1', 'Running']);
  const changed = await client.get(configMapResource, { namespace: 'default', name: 'a' });
  assert.deepEqual(changed.data, { k: 'v' });
  assert.deepEqual(Object.fromEntries(outcome.written), {
    configmaps: changed.metadata.resourceVersion,
    pods: bound.metadata.resourceVersion,
  });
  assert.equal(outcome.requeueAfterMs, 7);
  await server.stop();
});

test('only the very object is deleted, and not while another one is there', async () => {
  const { server, run } = await start();
  const { client } = server;
  await run(map('a'), map('guard'));
  const name = { namespace: 'default', name: 'a' };
  const { uid } = (await client.get(configMapResource, name)).metadata;
  const guard = await client.get(configMapResource, { namespace: 'default', name: 'guard' });
  const deletion = (change: object): Action => ({
    type: 'delete',
    resource: configMapResource,
    name,
    uid,
    why: 'x',
    ...change,
  });
  assert.match(
    (await run(deletion({ uid: 'another' }))).failure?.message ?? '',
    /UID in the precondition \(another\)/,
  );
  const identity = {
    resource: configMapResource,
    name: { namespace: 'default', name: 'guard' },
    uid: guard.metadata.uid,
  };
  await run(deletion({ unless: [identity] }));
  assert.ok(await client.find(configMapResource, name));
  await run(deletion({ unless: [{ ...identity, uid: 'another' }] }));
  assert.equal(await client.find(configMapResource, name), undefined);
  assert.equal((await run(deletion({}))).failure, undefined, 'what is gone already is what was wanted');
  await server.stop();
});

test('a collection is deleted, a namespace let go', async () => {
  const { server, run } = await start();
  await run({
    type: 'create',
    resource: namespaceResource,
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
    why: 'x',
  });
  await server.client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'n', name: 'a' },
  });
  const { uid } = (await server.client.get(namespaceResource, { name: 'n' })).metadata;
  const finalize: Action = { type: 'finalize', resource: namespaceResource, name: { name: 'n' }, why: 'x' };
  const early = await run(
    { type: 'delete', resource: namespaceResource, name: { name: 'n' }, uid, why: 'x' },
    finalize,
  );
  assert.match(early.failure?.message ?? '', /1 configmaps are left in the namespace/);
  const late = await run(
    { type: 'deleteCollection', resource: configMapResource, namespace: 'n', why: 'x' },
    finalize,
  );
  assert.equal(late.failure, undefined);
  assert.equal(await server.client.find(namespaceResource, { name: 'n' }), undefined);
  await server.stop();
});

test('the first failure ends the plan, and events are told only of what was done', async () => {
  const { server, run } = await start();
  const regarding = await server.client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'x' },
  });
  const event = (reason: string): Action => ({
    type: 'event',
    regarding,
    eventType: 'Normal',
    reason,
    message: 'm',
    why: 'w',
  });
  const { failure, written } = await run(
    event('Begun'),
    map('a'),
    event('MadeA'),
    map('x'),
    event('MadeX'),
    { type: 'requeue', afterMs: 1, why: 'w' },
    {
      type: 'patch',
      resource: configMapResource,
      name: { namespace: 'default', name: 'x' },
      patch: { data: { k: 'v' } },
      why: 'w',
    },
  );
  assert.match(failure?.message ?? '', /configmaps "x" already exists/);
  assert.equal(written.size, 1);
  await server.settle();
  const { items } = await server.client.list(eventResource);
  assert.deepEqual(items.map(({ reason }) => reason).toSorted(), ['Begun', 'MadeA']);
  assert.equal(
    (await server.client.get(configMapResource, { namespace: 'default', name: 'x' })).data,
    undefined,
  );
  await server.stop();
});

test('an undeclared action is refused before anything is done', async () => {
  const { server, run } = await start();
  const undeclared: Action = {
    type: 'deleteCollection',
    resource: podResource,
    namespace: 'default',
    why: 'x',
  };
  await assert.rejects(
    run(map('a'), undeclared),
    /controller tester did not declare that it may deleteCollection pods/,
  );
  assert.equal(await server.client.find(configMapResource, { namespace: 'default', name: 'a' }), undefined);
  await server.stop();
});
