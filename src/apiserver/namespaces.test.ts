import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Namespace } from '#api/core/namespace.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const NAMESPACES = '/api/v1/namespaces';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

function create(name: string) {
  return server.call<Namespace>({ method: 'POST', path: NAMESPACES, body: { metadata: { name } } });
}

function createIn(namespace: string, name = 'a') {
  return server.call({
    method: 'POST',
    path: `${NAMESPACES}/${namespace}/configmaps`,
    body: { metadata: { name } },
  });
}

function finalize(name: string, body: unknown) {
  return server.call<Namespace>({ method: 'PUT', path: `${NAMESPACES}/${name}/finalize`, body });
}

test('a new namespace is active, and knows its own name', async () => {
  const { status, body } = await create('fresh');
  assert.equal(status, 201);
  assert.deepEqual(
    [body.metadata.labels, body.spec, body.status],
    [{ 'kubernetes.io/metadata.name': 'fresh' }, { finalizers: ['kubernetes'] }, { phase: 'Active' }],
  );
});

test('nothing is made in a namespace that is not there', async () => {
  assert.equal(refusalOf(await createIn('nowhere')), '404 NotFound: namespaces "nowhere" not found');
});

test('a namespace is terminating until it is empty and finalised', async () => {
  await create('going');
  await createIn('going');
  const deleted = await server.call<Namespace>({ method: 'DELETE', path: `${NAMESPACES}/going` });
  assert.deepEqual(
    [deleted.body.status?.phase, deleted.body.metadata.deletionTimestamp],
    ['Terminating', '2026-01-01T00:00:00Z'],
  );
  assert.equal(
    refusalOf(await createIn('going', 'b')),
    '403 Forbidden: configmaps "b" is forbidden: unable to create new content in namespace going because it is being terminated',
  );
  assert.match(
    refusalOf((await finalize('going', { ...deleted.body, spec: { finalizers: [] } })) as never),
    /^409 Conflict: .*1 configmaps are left in the namespace/,
  );
  await server.call({ method: 'DELETE', path: `${NAMESPACES}/going/configmaps/a` });
  assert.equal((await finalize('going', { ...deleted.body, spec: { finalizers: [] } })).status, 200);
  assert.equal((await server.call({ path: `${NAMESPACES}/going` })).status, 404);
  assert.equal((await create('going')).status, 201, 'the name is free again');
});

test('finalizers of a namespace go only by way of finalize', async () => {
  await create('kept');
  await createIn('kept');
  const { body } = await server.call<Namespace>({ method: 'DELETE', path: `${NAMESPACES}/kept` });
  const put = await server.call<Namespace>({
    method: 'PUT',
    path: `${NAMESPACES}/kept`,
    body: { ...body, spec: { finalizers: [] } },
  });
  assert.deepEqual([put.status, put.body.spec.finalizers], [200, ['kubernetes']]);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const patched = await server.call<Namespace>({
    method: 'PATCH',
    path: `${NAMESPACES}/kept`,
    headers,
    body: { spec: { finalizers: null } },
  });
  assert.deepEqual([patched.status, patched.body.spec.finalizers], [200, ['kubernetes']]);
  assert.equal((await server.call({ path: `${NAMESPACES}/kept/configmaps/a` })).status, 200);
});

test('what finalize is not told rightly changes nothing', async () => {
  await create('strange');
  for (const body of [
    'null',
    '5',
    [],
    { spec: { finalizers: 'kubernetes' } },
    { spec: { finalizers: [5] } },
    { kind: 'Pod' },
  ]) {
    assert.match(
      refusalOf((await finalize('strange', body)) as never),
      /^400 BadRequest/,
      JSON.stringify(body),
    );
  }
  assert.match(
    refusalOf(await server.call({ path: `${NAMESPACES}/strange/finalize` })),
    /^405 MethodNotAllowed/,
  );
  assert.deepEqual((await server.call<Namespace>({ path: `${NAMESPACES}/strange` })).body.spec.finalizers, [
    'kubernetes',
  ]);
});

test('the namespaces of the system stay', async () => {
  for (const name of ['default', 'kube-system']) {
    assert.equal(
      refusalOf(await server.call({ method: 'DELETE', path: `${NAMESPACES}/${name}` })),
      `403 Forbidden: namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
  }
});
