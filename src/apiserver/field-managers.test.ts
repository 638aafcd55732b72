import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

/** What the creator of an object owns of it. */
async function ownedByCreator(path: string, body: object): Promise<unknown> {
  const created = await server.call({ method: 'POST', path: `${path}?fieldManager=maker`, body });
  assert.equal(created.status, 201, created.text);
  return ownersOf(created.body)['maker'];
}

function ownersOf({ metadata }: KubeObject): Record<string, unknown> {
  const managers = metadata.managedFields as { manager: string; fieldsV1: unknown }[];
  return Object.fromEntries(managers.map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
}

test('nobody owns what the server makes of a new object: addresses, ports, families', async () => {
  const service = { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } };
  assert.deepEqual(await ownedByCreator('/api/v1/namespaces/default/services', service), {
    'f:spec': {
      'f:internalTrafficPolicy': {},
      'f:ports': {
        '.': {},
        'k:{"port":80,"protocol":"TCP"}': {
          '.': {},
          'f:port': {},
          'f:protocol': {},
          'f:targetPort': {},
        },
      },
      'f:sessionAffinity': {},
      'f:type': {},
    },
  });
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const path = '/api/v1/namespaces/default/persistentvolumeclaims';
  assert.deepEqual(await ownedByCreator(path, claim), {
    'f:spec': {
      'f:accessModes': {},
      'f:resources': { 'f:requests': { '.': {}, 'f:storage': {} } },
      'f:volumeMode': {},
    },
  });
});

test('structs that every object of a kind has are owned by nobody, and what is in them is', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const body = {
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web:1', stdin: true }] },
      },
    },
  };
  const owned = (await ownedByCreator(path, body)) as { 'f:spec': { 'f:template': object } };
  const template = owned['f:spec']['f:template'] as { 'f:spec': { 'f:containers': object } };
  assert.deepEqual(Object.keys(owned['f:spec']).includes('.'), false);
  assert.deepEqual(Object.keys(template), ['f:metadata', 'f:spec']);
  assert.deepEqual(Object.keys(template['f:spec']['f:containers']), ['k:{"name":"web"}']);
});

test('an update owns what its client changed, and not what follows from it', async () => {
  const path = '/api/v1/namespaces/default/services';
  const metadata = { name: 'turned' };
  await ownedByCreator(path, { metadata, spec: { ports: [{ port: 80 }] } });
  const turned = await server.call({
    method: 'PATCH',
    path: `${path}/turned?fieldManager=turner`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { type: 'NodePort' } },
  });
  assert.equal(turned.status, 200, turned.text);
  assert.deepEqual(ownersOf(turned.body)['turner'], {
    'f:spec': { 'f:externalTrafficPolicy': {}, 'f:type': {} },
  });
});

test('empty values that say nothing are dropped, and those that say something are kept', async () => {
  const body = {
    metadata: { name: 'sparse', labels: {}, finalizers: [] },
    spec: {
      paused: false,
      minReadySeconds: 0,
      replicas: 0,
      selector: { matchLabels: { app: 'sparse' }, matchExpressions: [] },
      template: {
        metadata: { labels: { app: 'sparse' } },
        spec: {
          containers: [{ name: 'c', image: 'i', env: [], stdin: false, args: [] }],
          volumes: [{ name: 'e', emptyDir: {} }],
        },
      },
    },
  };
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const { body: created } = await server.call<KubeObject & { spec: Record<string, unknown> }>({
    method: 'POST',
    path,
    body,
  });
  assert.equal(created.metadata.labels, undefined);
  const { paused, minReadySeconds, replicas, selector } = created.spec;
  assert.deepEqual(
    { paused, minReadySeconds, replicas, selector },
    {
      paused: undefined,
      minReadySeconds: undefined,
      replicas: 0,
      selector: { matchLabels: { app: 'sparse' } },
    },
  );
  assert.match(JSON.stringify(created.spec), /"volumes":\[\{"name":"e","emptyDir":\{\}\}\]/);
  assert.doesNotMatch(JSON.stringify(created.spec), /"(env|args|stdin)":/);
});

test('a new object begins with the status of its kind; only hosts come with their own', async () => {
  const made = async (path: string, body: object): Promise<unknown> =>
    (await server.call<KubeObject & { status?: unknown }>({ method: 'POST', path, body })).body.status;
  const budget = { metadata: { name: 'b' }, spec: { minAvailable: 1 }, status: { expectedPods: 9 } };
  assert.deepEqual(await made('/apis/policy/v1/namespaces/default/poddisruptionbudgets', budget), {
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
  });
  const status = { capacity: { cpu: '4' }, allocatable: { cpu: '3' } };
  const host = { metadata: { name: 'host' }, status };
  assert.deepEqual(await made('/api/v1/nodes', host), status);
});
