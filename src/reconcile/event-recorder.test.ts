import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { type Event, eventResource } from '#api/core/event.ts';
import { nodeResource } from '#api/core/node.ts';
import type { KubeObject } from '#api/object.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import type { Client } from '#client/client.ts';
import { EventRecorder } from '#reconcile/event-recorder.ts';
import { silentLog } from '#system/log.ts';
import { seededRandom } from '#system/simulated-time.ts';

const MINUTE_MS = 60_000;

interface Bed {
  readonly server: TestServer;
  readonly map: ConfigMap;
  tell(reason: string, message?: string, regarding?: KubeObject): void;
  /** Written events, each as `Reason xCOUNT`. */
  written(): Promise<string[]>;
}

async function start(client = (inner: Client): Client => inner): Promise<Bed> {
  const server = await startTestServer();
  const { clock } = server;
  const map = await server.client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'm' },
  });
  const recorder = new EventRecorder({
    client: client(server.client),
    clock,
    random: seededRandom(4),
    log: silentLog,
    eventType: eventResource,
  });
  return {
    server,
    map,
    tell: (reason, message = 'it happened', regarding = map) =>
      recorder.record('tester', { regarding, eventType: 'Normal', reason, message }),
    async written() {
      await clock.advance(0);
      const { items } = await server.client.list(eventResource);
      return items.map(({ reason, count }) => `${reason ?? ''} x${count ?? 0}`).toSorted();
    },
  };
}

test('an event says what happened to what, when, and who tells it', async () => {
  const { server, map, tell } = await start();
  tell('Started');
  await server.settle();
  const [event] = (await server.client.list<Event>(eventResource)).items;
  const { uid, resourceVersion } = map.metadata;
  assert.deepEqual(event?.involvedObject, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace: 'default',
    name: 'm',
    uid,
    resourceVersion,
  });
  assert.deepEqual(
    [
      event?.type,
      event?.reason,
      event?.message,
      event?.source,
      event?.count,
      event?.firstTimestamp,
      event?.lastTimestamp,
    ],
    [
      'Normal',
      'Started',
      'it happened',
      { component: 'tester' },
      1,
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z',
    ],
  );
  await server.stop();
});

test('what is in no namespace is named without one, as kubectl describe asks for it', async () => {
  const { server, tell } = await start();
  const node = await server.client.create(nodeResource, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    spec: {},
  });
  tell('Rebooted', 'x', node);
  await server.settle();
  const { items } = await server.client.list<Event>(eventResource, {
    fieldSelector: 'involvedObject.name=n,involvedObject.namespace=,involvedObject.kind=Node',
  });
  assert.deepEqual(
    items.map(({ metadata, reason }) => [metadata.namespace, reason]),
    [['default', 'Rebooted']],
  );
  await server.stop();
});

test('the same again within ten minutes is counted; later, or another message, is a new one', async () => {
  const { server, tell, written } = await start();
  for (let n = 0; n < 5; n++) {
    tell('Pulled');
    await server.clock.advance(MINUTE_MS);
  }
  tell('Pulled', 'another');
  assert.deepEqual(await written(), ['Pulled x1', 'Pulled x5']);
  await server.clock.advance(11 * MINUTE_MS);
  tell('Pulled');
  assert.deepEqual(await written(), ['Pulled x1', 'Pulled x1', 'Pulled x5']);
  await server.stop();
});

test('many of the same at once are counted all', async () => {
  const { server, tell, written } = await start();
  for (let n = 0; n < 100; n++) tell('Busy');
  assert.deepEqual(await written(), ['Busy x100']);
  await server.stop();
});

test('an event that could not be written is forgotten: the next one is written anew', async () => {
  let isDown = true;
  const bed = await start((inner) => ({
    ...inner,
    create: (type, object, options) =>
      isDown ? Promise.reject(new Error('away')) : inner.create(type, object, options),
  }));
  bed.tell('Failing');
  bed.tell('Failing');
  assert.deepEqual(await bed.written(), []);
  isDown = false;
  bed.tell('Failing');
  assert.deepEqual(await bed.written(), ['Failing x1']);
  await bed.server.stop();
});

test('while too many wait to be written, further ones are dropped', async () => {
  const held: (() => void)[] = [];
  const bed = await start((inner) => ({
    ...inner,
    create: async (type, object, options) => {
      await new Promise<void>((resolve) => held.push(resolve));
      return inner.create(type, object, options);
    },
  }));
  for (let n = 0; n < 2000; n++) bed.tell('Flood', `number ${n}`);
  for (const go of held) go();
  assert.equal((await bed.written()).length, 1024);
  await bed.server.stop();
});

test('a message that is too long is cut', async () => {
  const { server, tell } = await start();
  tell('Long', 'x'.repeat(5000));
  await server.settle();
  assert.equal((await server.client.list<Event>(eventResource)).items[0]?.message?.length, 1024);
  await server.stop();
});
