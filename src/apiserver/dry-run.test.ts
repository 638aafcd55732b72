import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { refusalOf, startTestServer, type TestRequest, type TestServer } from '#apiserver/test-server.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const PODS = '/api/v1/namespaces/default/pods';

const labels = { app: 'web' };
const containers = [{ name: 'c', image: 'i' }];
const deployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers } },
    ...spec,
  },
});

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await server.call({ method: 'POST', path: DEPLOYMENTS, body: deployment('web') });
  await server.call({
    method: 'POST',
    path: PODS,
    body: { metadata: { name: 'pod' }, spec: { containers } },
  });
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

function patch(type: string, body: unknown, query = ''): TestRequest {
  return {
    method: 'PATCH',
    path: `${DEPLOYMENTS}/web?dryRun=All${query}`,
    headers: { 'content-type': `application/${type}` },
    body,
  };
}

type Scaled = KubeObject & { spec: { replicas: number } };

test('a dry run of every way to write answers as if, and writes nothing', async () => {
  const replicas = (answer: KubeObject) => (answer as Scaled).spec.replicas;
  const image = { containers: [{ name: 'c', image: 'other' }] };
  const table: [TestRequest, number, (answer: KubeObject) => unknown, unknown][] = [
    [
      { method: 'POST', path: `${DEPLOYMENTS}?dryRun=All`, body: deployment('new', { replicas: 4 }) },
      201,
      replicas,
      4,
    ],
    [
      { method: 'PUT', path: `${DEPLOYMENTS}/web?dryRun=All`, body: deployment('web', { replicas: 5 }) },
      200,
      replicas,
      5,
    ],
    [patch('merge-patch+json', { spec: { replicas: 6 } }), 200, replicas, 6],
    [
      patch('strategic-merge-patch+json', { spec: { replicas: 7, template: { spec: image } } }),
      200,
      replicas,
      7,
    ],
    [patch('json-patch+json', [{ op: 'replace', path: '/spec/replicas', value: 8 }]), 200, replicas, 8],
    [
      patch('apply-patch+yaml', deployment('web', { replicas: 9 }), '&fieldManager=m&force=true'),
      200,
      replicas,
      9,
    ],
    [
      {
        ...patch('apply-patch+yaml', deployment('made'), '&fieldManager=m'),
        path: `${DEPLOYMENTS}/made?dryRun=All&fieldManager=m`,
      },
      201,
      ({ metadata }) => metadata.name,
      'made',
    ],
    [
      {
        method: 'PUT',
        path: `${DEPLOYMENTS}/web/scale?dryRun=All`,
        body: {
          kind: 'Scale',
          apiVersion: 'autoscaling/v1',
          metadata: { name: 'web' },
          spec: { replicas: 3 },
        },
      },
      200,
      replicas,
      3,
    ],
    [
      {
        method: 'PUT',
        path: `${DEPLOYMENTS}/web/status?dryRun=All`,
        body: { ...deployment('web'), status: { observedGeneration: 77 } },
      },
      200,
      (answer) =>
        (answer as KubeObject & { status: { observedGeneration: number } }).status.observedGeneration,
      77,
    ],
    [
      {
        method: 'POST',
        path: `${PODS}/pod/binding?dryRun=All`,
        body: { metadata: { name: 'pod' }, target: { kind: 'Node', name: 'n' } },
      },
      201,
      ({ kind }) => kind,
      'Status',
    ],
    [
      {
        method: 'POST',
        path: `${PODS}/pod/eviction?dryRun=All`,
        body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'pod' } },
      },
      201,
      ({ kind }) => kind,
      'Status',
    ],
    [{ method: 'DELETE', path: `${DEPLOYMENTS}/web?dryRun=All` }, 200, ({ kind }) => kind, 'Status'],
    [{ method: 'DELETE', path: `${PODS}/pod`, body: { dryRun: ['All'] } }, 200, ({ kind }) => kind, 'Pod'],
    [
      { method: 'DELETE', path: `${DEPLOYMENTS}?dryRun=All` },
      200,
      (answer) => (answer as unknown as { items: unknown[] }).items.length,
      1,
    ],
  ];
  const { revision } = server.store;
  for (const [request, status, read, expected] of table) {
    const answer = await server.call(request);
    const what = `${request.method ?? ''} ${request.path}`;
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    assert.deepEqual(read(answer.body), expected, what);
    assert.equal(server.store.revision, revision, `${what} wrote`);
  }
});

test('a dry run is refused as the write itself would be', async () => {
  const { revision } = server.store;
  const table: [TestRequest, RegExp][] = [
    [{ method: 'POST', path: `${DEPLOYMENTS}?dryRun=All`, body: deployment('web') }, /^409 AlreadyExists/],
    [
      { method: 'POST', path: `${DEPLOYMENTS}?dryRun=All`, body: deployment('bad', { replicas: -1 }) },
      /^422 Invalid: .*spec.replicas/,
    ],
    [patch('merge-patch+json', { metadata: { resourceVersion: '1' } }), /^409 Conflict/],
    [{ method: 'DELETE', path: `${DEPLOYMENTS}/nobody?dryRun=All` }, /^404 NotFound/],
    [
      { method: 'DELETE', path: `${DEPLOYMENTS}/web?dryRun=All`, body: { preconditions: { uid: 'x' } } },
      /^409 Conflict/,
    ],
    [
      { method: 'DELETE', path: `${DEPLOYMENTS}/web?dryRun=all` },
      /^422 Invalid: DeleteOptions.*dryRun: Unsupported value: \["all"\]/,
    ],
  ];
  for (const [request, expected] of table)
    assert.match(refusalOf(await server.call(request)), expected, request.path);
  assert.equal(server.store.revision, revision);
});
