import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Scale } from '#api/autoscaling/scale.ts';
import type { KubeObject } from '#api/object.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const PATH = '/apis/apps/v1/namespaces/default/deployments/web';

let server: TestServer;
before(async () => {
  server = await startTestServer();
  const labels = { app: 'web', tier: 'x' };
  const spec = {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  };
  await server.call({
    method: 'POST',
    path: PATH.replace('/web', ''),
    body: { metadata: { name: 'web' }, spec },
  });
});
after(() => server.stop());

function scale(method: string, body?: unknown, type = 'application/json') {
  const sent = body === undefined ? {} : { body, headers: { 'content-type': type } };
  return server.call<Scale>({ method, path: `${PATH}/scale`, ...sent });
}

async function replicas(): Promise<number> {
  return (await server.call<KubeObject & { spec: { replicas: number } }>({ path: PATH })).body.spec.replicas;
}

test('a scale shows the replicas and the selector of its workload', async () => {
  const { body } = await scale('GET');
  const { apiVersion, kind, spec, status } = body;
  assert.deepEqual(
    { apiVersion, kind, spec, status },
    {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=web,tier=x' },
    },
  );
});

test('replicas are set by update and by patch, and count as a generation', async () => {
  const { body } = await scale('GET');
  assert.equal((await scale('PUT', { ...body, spec: { replicas: 3 } })).body.spec.replicas, 3);
  assert.equal(
    (await scale('PATCH', { spec: { replicas: 4 } }, 'application/merge-patch+json')).body.spec.replicas,
    4,
  );
  const operations = [{ op: 'replace', path: '/spec/replicas', value: 5 }];
  assert.equal((await scale('PATCH', operations, 'application/json-patch+json')).body.spec.replicas, 5);
  const { metadata } = (await server.call({ path: PATH })).body;
  assert.deepEqual([await replicas(), metadata.generation], [5, 4]);
});

test('a scale that is stale or wrong changes nothing', async () => {
  const before_ = await replicas();
  const table: [string, unknown, string, RegExp][] = [
    ['PUT', { metadata: { resourceVersion: '1' }, spec: { replicas: 9 } }, 'json', /^409 Conflict/],
    [
      'PUT',
      { spec: { replicas: -1 } },
      'json',
      /^422 Invalid: .*spec.replicas: Invalid value: -1: must be greater than or equal to 0/,
    ],
    ['PUT', { spec: { replicas: 1.5 } }, 'json', /^400 BadRequest: .*spec.replicas: expected int32/],
    ['PUT', { kind: 'Deployment' }, 'json', /^400 BadRequest: a Scale is expected/],
    ['PUT', 'null', 'json', /^400 BadRequest: the body of the request must be a Scale/],
    [
      'PATCH',
      { spec: { replicas: 'x' } },
      'merge-patch+json',
      /^400 BadRequest: .*spec.replicas: expected int32/,
    ],
    ['PATCH', { spec: 5 }, 'merge-patch+json', /^400 BadRequest: .*spec: expected object/],
    ['PATCH', { spec: { replicas: 1 } }, 'apply-patch+yaml', /^415 UnsupportedMediaType/],
    ['POST', {}, 'json', /^405 MethodNotAllowed/],
    ['DELETE', {}, 'json', /^405 MethodNotAllowed/],
  ];
  for (const [method, body, type, expected] of table) {
    assert.match(
      refusalOf((await scale(method, body, `application/${type}`)) as never),
      expected,
      `${method} ${JSON.stringify(body)}`,
    );
  }
  assert.equal(await replicas(), before_);
});
