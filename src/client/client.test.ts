import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploymentResource } from '#api/apps/deployment.ts';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { nodeResource } from '#api/core/node.ts';
import { isStatus } from '#api/status.ts';
import { startTestServer } from '#apiserver/test-server.ts';
import { collectionPath, createClient, objectPath, statusErrorOf } from '#client/client.ts';
import { readBody } from '#client/transport.ts';
import { decodeWatchLines } from '#client/watch-lines.ts';

test('paths of kinds, objects and subresources', () => {
  assert.equal(collectionPath(nodeResource), '/api/v1/nodes');
  assert.equal(collectionPath(nodeResource, 'default'), '/api/v1/nodes');
  assert.equal(collectionPath(deploymentResource), '/apis/apps/v1/deployments');
  assert.equal(collectionPath(deploymentResource, 'a'), '/apis/apps/v1/namespaces/a/deployments');
  assert.equal(
    objectPath(deploymentResource, { namespace: 'a', name: 'b' }, 'scale'),
    '/apis/apps/v1/namespaces/a/deployments/b/scale',
  );
  assert.equal(objectPath(nodeResource, { name: '../x?y' }), '/api/v1/nodes/..%2Fx%3Fy');
});

test('an object from its making to its end', async () => {
  const server = await startTestServer();
  const { client } = server;
  const name = { namespace: 'default', name: 'a' };
  const draft = {
    apiVersion: 'v1' as const,
    kind: 'ConfigMap' as const,
    metadata: { ...name, labels: { x: 'y' } },
    data: { k: '1' },
  };
  const made = await client.create(configMapResource, draft);
  await assert.rejects(client.create(configMapResource, draft), (error) => isStatus(error, 'AlreadyExists'));
  assert.deepEqual(await client.get(configMapResource, name), made);
  const patched = await client.patch(configMapResource, name, {
    patchType: 'merge',
    patch: { data: { k: '2' } },
    fieldManager: 'somebody',
  });
  assert.equal(patched.data?.k, '2');
  await assert.rejects(client.update(configMapResource, made), (error) => isStatus(error, 'Conflict'));
  const updated = await client.update(configMapResource, { ...patched, data: { k: '3' } });
  assert.equal(updated.data?.k, '3');
  const managers = (updated.metadata.managedFields as { manager: string }[]).map(({ manager }) => manager);
  assert.deepEqual(managers, ['skerry']);
  const { items, resourceVersion } = await client.list(configMapResource, {
    namespace: 'default',
    labelSelector: 'x=y',
  });
  assert.deepEqual([items, resourceVersion], [[updated], String(server.store.revision)]);
  assert.deepEqual((await client.list(configMapResource, { labelSelector: 'x=z' })).items, []);
  await assert.rejects(client.delete(configMapResource, name, { preconditions: { uid: 'other' } }), (error) =>
    isStatus(error, 'Conflict'),
  );
  await client.delete(configMapResource, name);
  assert.equal(await client.find(configMapResource, name), undefined);
  await assert.rejects(
    client.get(configMapResource, name),
    (error) => isStatus(error, 'NotFound') && error.message === 'configmaps "a" not found',
  );
  await server.stop();
});

test('a namespace is finalised; a raw request is answered as it is', async () => {
  const server = await startTestServer();
  const { client } = server;
  await client.create(namespaceResource, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n' },
    spec: {},
  });
  await client.delete(namespaceResource, { name: 'n' });
  await client.finalize(namespaceResource, { name: 'n' });
  assert.equal(await client.find(namespaceResource, { name: 'n' }), undefined);
  assert.equal(((await client.raw({ method: 'GET', path: '/version' })) as { major: string }).major, '1');
  await server.stop();
});

test('a watch tells events and bookmarks, and throws the error that ends it', async () => {
  const server = await startTestServer();
  const stop = new AbortController();
  const events: string[] = [];
  const watching = (async () => {
    const from = String(server.store.revision);
    for await (const event of server.client.watch<ConfigMap>(configMapResource, {
      resourceVersion: from,
      signal: stop.signal,
      namespace: 'default',
    })) {
      events.push(
        event.type === 'BOOKMARK'
          ? `BOOKMARK ${event.resourceVersion}`
          : `${event.type} ${event.object.metadata.name}`,
      );
    }
  })();
  await server.settle();
  await server.client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'a' },
  });
  await server.clock.advance(60_000);
  assert.deepEqual(events, ['ADDED a', `BOOKMARK ${server.store.revision}`]);
  stop.abort();
  await Promise.all([watching, server.settle()]);
  const old = String(server.store.revision - 1);
  await server.store.compact(server.store.revision);
  const late = server.client.watch(configMapResource, {
    resourceVersion: old,
    signal: new AbortController().signal,
  });
  await assert.rejects(late[Symbol.asyncIterator]().next(), (error) => isStatus(error, 'Expired'));
  await server.stop();
});

test('whatever a server or something between says of a failure becomes a Status', () => {
  const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const table: [number, unknown, string, RegExp][] = [
    [
      409,
      { kind: 'Status', reason: 'AlreadyExists', message: 'x', details: { name: 'a' } },
      'AlreadyExists',
      /^x$/,
    ],
    [409, 'no JSON', 'Conflict', /^the server answered 409: no JSON$/],
    [404, { kind: 'Pod' }, 'NotFound', /^the server answered 404/],
    [410, '', 'Gone', /^the server answered 410: $/],
    [507, { kind: 'Status', reason: 'StorageReadOnly', message: 'full' }, 'InternalError', /^full$/],
    [502, '<html>'.repeat(1000), 'InternalError', /^the server answered 502: <html>/],
    [500, 'null', 'InternalError', /null/],
    [429, { kind: 'Status', reason: 'toString', message: 'odd' }, 'TooManyRequests', /^odd$/],
  ];
  for (const [status, body, reason, message] of table) {
    const error = statusErrorOf(status, bytes(body));
    assert.equal(error.reason, reason);
    assert.match(error.message, message);
    assert.ok(error.message.length < 300);
    assert.ok(error.code >= 400, 'a reason always has a code');
  }
});

async function* arriving(...pieces: (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

async function decode(...pieces: (string | Uint8Array)[]): Promise<string[]> {
  const told: string[] = [];
  for await (const event of decodeWatchLines(arriving(...pieces))) {
    told.push(
      event.type === 'BOOKMARK'
        ? `${event.type} ${event.resourceVersion} ${event.initialEventsEnd}`
        : `${event.type} ${event.object.metadata.name}`,
    );
  }
  return told;
}

test('lines of a watch are read however they are cut, also within a character; half a line at the end is none', async () => {
  const line = (type: string, name: string) =>
    `${JSON.stringify({ type, object: { metadata: { name } } })}\n`;
  const whole = Buffer.from(
    `${line('ADDED', 'a')}\n${line('DELETED', 'ü😀')}${line('MODIFIED', 'b').slice(0, 30)}`,
  );
  const expected = ['ADDED a', 'DELETED ü😀'];
  for (let size = 1; size <= whole.length; size++) {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, n) =>
      whole.subarray(n * size, (n + 1) * size),
    );
    assert.deepEqual(await decode(...pieces), expected);
  }
  const bookmark = {
    type: 'BOOKMARK',
    object: { metadata: { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } } },
  };
  assert.deepEqual(await decode(`${JSON.stringify(bookmark)}\n`), ['BOOKMARK 7 true']);
});

test('an error event is thrown as its Status; what is no event ends the watch', async () => {
  const error = { type: 'ERROR', object: { kind: 'Status', reason: 'Expired', message: 'too old' } };
  await assert.rejects(
    decode(`${JSON.stringify(error)}\n`),
    (thrown) => isStatus(thrown, 'Expired') && thrown.message === 'too old',
  );
  await assert.rejects(decode('{"type":"SONG","object":{}}\n'), /unknown watch event type "SONG"/);
  await assert.rejects(decode('no json\n'), SyntaxError);
  await assert.rejects(decode('x'.repeat(9 * 1024 * 1024)), /a watch line is longer than 8388608 bytes/);
});

test('a body is read whole', async () => {
  const read = async (...pieces: string[]) =>
    Buffer.from(await readBody({ status: 200, headers: {}, body: arriving(...pieces) })).toString();
  assert.deepEqual([await read(), await read('a'), await read('a', 'bc', '')], ['', 'a', 'abc']);
});

test('a transport that gives no answer is no Status', async () => {
  const client = createClient(
    { request: () => Promise.reject(new Error('connection refused')) },
    { name: 'x' },
  );
  await assert.rejects(
    client.get(nodeResource, { name: 'n' }),
    (error: Error) => error.name === 'Error' && error.message === 'connection refused',
  );
});
