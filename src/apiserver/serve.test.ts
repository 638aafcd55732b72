import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { isStatus } from '#api/status.ts';
import { BODY_BYTES_MAX, serveApi } from '#apiserver/serve.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { createClient } from '#client/client.ts';
import { type HttpsClient, httpsClient } from '#system/https-client.ts';
import type { HttpsServer } from '#system/https-server.ts';
import { AUTHORITY, CLIENT, FOREIGN_CLIENT, SERVER } from '#system/tls.fixture.ts';

let api: TestServer;
let https: HttpsServer;
before(async () => {
  api = await startTestServer();
  https = await serveApi({
    server: api.server,
    host: '127.0.0.1',
    port: 0,
    tls: { ...SERVER, clientAuthority: AUTHORITY },
  });
  const apiGroup = 'rbac.authorization.k8s.io';
  const root = `/apis/${apiGroup}/v1`;
  await api.call({
    method: 'POST',
    path: `${root}/clusterroles`,
    body: {
      metadata: { name: 'maps' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
    },
  });
  const binding = {
    metadata: { name: 'maps' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'maps' },
    subjects: [{ apiGroup, kind: 'Group', name: 'blue' }],
  };
  await api.call({ method: 'POST', path: `${root}/clusterrolebindings`, body: binding });
  await api.settle();
});
after(async () => {
  await https[Symbol.asyncDispose]();
  await api.stop();
});

function connect(identity?: { certificate: string; key: string }): HttpsClient {
  return httpsClient(`127.0.0.1:${https.port}`, { authority: AUTHORITY, ...identity });
}

async function ask(
  client: HttpsClient,
  path: string,
  body?: Uint8Array,
): Promise<{ status: number; text: string }> {
  const answer = await client.request({
    method: body === undefined ? 'GET' : 'POST',
    path,
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  });
  let text = '';
  for await (const chunk of answer.body) text += Buffer.from(chunk).toString();
  return { status: answer.status, text };
}

test('a user is who his certificate names, in the groups that it names', async () => {
  using client = connect(CLIENT);
  const { text } = await ask(client, '/apis/authentication.k8s.io/v1/selfsubjectreviews', Buffer.from('{}'));
  const { status } = JSON.parse(text) as { status: { userInfo: object } };
  assert.deepEqual(status.userInfo, { username: 'tester', groups: ['red', 'blue', 'system:authenticated'] });
  assert.equal((await ask(client, '/api/v1/configmaps')).status, 200, 'a role of one of his groups');
  assert.equal((await ask(client, '/api/v1/secrets')).status, 403);
});

test('whoever shows no certificate of this authority is nobody, whatever it says', async () => {
  for (const identity of [undefined, FOREIGN_CLIENT]) {
    using client = connect(identity);
    assert.equal((await ask(client, '/api/v1/configmaps')).status, 401);
    assert.equal((await ask(client, '/readyz')).text, 'ok');
  }
});

test('the typed client works over HTTPS, watches too', async () => {
  using https_ = connect(CLIENT);
  const client = createClient(https_, { name: 'test' });
  const stop = new AbortController();
  const { resourceVersion } = await client.list(configMapResource);
  const events = client
    .watch(configMapResource, { resourceVersion, signal: stop.signal })
    [Symbol.asyncIterator]();
  const first = events.next();
  await client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'a' },
  });
  const { value } = await first;
  assert.equal(value?.type === 'ADDED' && value.object.metadata.name, 'a');
  stop.abort();
  await assert.rejects(events.next());
  await assert.rejects(client.get(configMapResource, { namespace: 'default', name: 'b' }), (error) =>
    isStatus(error, 'NotFound'),
  );
});

test('B1: a body beyond the limit is refused as a Status', async () => {
  using client = connect(CLIENT);
  const { status, text } = await ask(
    client,
    '/api/v1/namespaces/default/configmaps',
    Buffer.alloc(BODY_BYTES_MAX + 1, ' '),
  );
  assert.deepEqual([status, (JSON.parse(text) as { reason: string }).reason], [413, 'RequestEntityTooLarge']);
});

test('paths and queries are read as they are written', async () => {
  using client = connect(CLIENT);
  assert.equal(
    (await ask(client, '/api/v1/namespaces/default/configmaps?limit=1&labelSelector=a%3Db')).status,
    200,
  );
  assert.equal((await ask(client, '/api/v1/namespaces/default/configmaps?limit=x')).status, 400);
  assert.equal((await ask(client, '/api/v1/namespaces/default/../kube-system/configmaps')).status, 404);
  assert.equal((await ask(client, '/api/v1/namespaces/%2e%2e/configmaps/x')).status, 404);
});
