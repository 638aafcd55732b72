import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

test('health is one word, or a line for each check', async () => {
  const cases: [path: string, status: number, text: string][] = [
    ['/healthz', 200, 'ok'],
    ['/livez', 200, 'ok'],
    ['/readyz/', 200, 'ok'],
    [
      '/readyz?verbose',
      200,
      '[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\nreadyz check passed\n',
    ],
    ['/livez?verbose=true', 200, '[+]ping ok\n[+]log ok\nlivez check passed\n'],
    [
      '/readyz?verbose&exclude=etcd',
      200,
      '[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n[+]etcd-readiness ok\nreadyz check passed\n',
    ],
    ['/livez/ping', 200, 'ok'],
    ['/readyz/etcd', 200, 'ok'],
  ];
  for (const [path, status, text] of cases) {
    const answer = await server.call({ path, user: undefined });
    assert.deepEqual([answer.status, answer.text], [status, text], path);
  }
  assert.equal((await server.call({ path: '/readyz/none' })).status, 404);
  assert.equal((await server.call({ path: '/readyz/etcd/none' })).status, 404);
});

test('a store that does not answer is not ready, and nobody is told why', async () => {
  const broken = await startTestServer();
  await broken.store[Symbol.asyncDispose]();
  const text =
    '[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[+]etcd-readiness ok\nreadyz check failed\n';
  const answer = await broken.call({ path: '/readyz', user: undefined });
  assert.deepEqual([answer.status, answer.text], [500, text]);
  assert.equal((await broken.call({ path: '/livez', user: undefined })).status, 200);
  await broken.stop();
});

test('requests are counted under names that Prometheus reads', async () => {
  await server.call({ path: '/api/v1/namespaces/default/pods' });
  await server.call({ path: '/api/v1/namespaces/default/pods/none' });
  await server.call({ path: '/api/v1/namespaces/default/made-up-kind' });
  await server.call({ path: '/api/v1/namespaces/default/pods/none/made-up' });
  await server.call({ method: 'MADE-UP', path: '/api/v1/pods' });
  const { text, headers } = await server.call({ path: '/metrics' });
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const labels =
    'dry_run="",group="",version="v1",resource="pods",subresource="",scope="namespace",component="apiserver"';
  assert.match(text, new RegExp(`^apiserver_request_total\\{verb="LIST",${labels},code="200"\\} 1$`, 'mu'));
  assert.match(
    text,
    new RegExp(`^apiserver_request_duration_seconds_count\\{verb="LIST",${labels}\\} 1$`, 'mu'),
  );
  assert.match(text, /^# TYPE apiserver_request_duration_seconds histogram$/mu);
  assert.doesNotMatch(text, /made-up/iu, 'nothing that a client has made up becomes a label');
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[^}]*\})? [0-9.e+-]+)$/u);
  const stranger = { name: 'eve', groups: ['system:authenticated'] };
  assert.equal((await server.call({ path: '/metrics', user: stranger })).status, 403);
});
