import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestServer } from '#apiserver/test-server.ts';

test('clients of a deprecated kind are told so', async () => {
  const server = await startTestServer();
  const path = '/api/v1/namespaces/default/endpoints';
  const warning = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';
  for (const request of [
    { path },
    { path: `${path}/nobody` },
    { method: 'POST', path, body: { metadata: { name: 'e' } } },
    { method: 'DELETE', path: `${path}/e` },
  ])
    assert.equal((await server.call(request)).headers.warning, warning);
  assert.equal((await server.call({ path: '/api/v1/pods' })).headers.warning, undefined);
  await server.stop();
});
