import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import type { ResourceQuota } from '#api/core/resource-quota.ts';
import { keepQuotas } from '#apiserver/admission/quota/keep-quotas.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { createLog } from '#system/log.ts';

let server: TestServer;
const stop = new AbortController();
let keeping: Promise<void>;
before(async () => {
  const store = await openMemoryStore({ log: createMemoryLog() });
  const types = () => BUILTIN_RESOURCES;
  server = await startTestServer({ store });
  const { clock } = server;
  const log = createLog({ write: () => undefined, now: () => clock.now(), level: 'error' });
  keeping = keepQuotas({ store, types, clock, log }, stop.signal);
  await server.settle();
});
after(async () => {
  stop.abort();
  await keeping;
  await server.stop();
});

let spaces = 0;
async function newNamespace(...specs: object[]): Promise<string> {
  const name = `space-${++spaces}`;
  await post('/api/v1/namespaces', { metadata: { name } });
  for (const [index, spec] of specs.entries())
    await post(`/api/v1/namespaces/${name}/resourcequotas`, { metadata: { name: `q${index}` }, spec });
  return name;
}

function post(path: string, body: unknown) {
  return server.call<{ message?: string }>({ method: 'POST', path, body });
}

function createPod(namespace: string, name: string, resources: object = {}, spec: object = {}, query = '') {
  return post(`/api/v1/namespaces/${namespace}/pods${query}`, {
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
  });
}

async function used(namespace: string, name = 'q0'): Promise<Record<string, string> | undefined> {
  const { body } = await server.call<ResourceQuota>({
    path: `/api/v1/namespaces/${namespace}/resourcequotas/${name}`,
  });
  return body.status?.used;
}

test('the last place is given once, whoever comes at the same time', async () => {
  const namespace = await newNamespace({ hard: { pods: '5' } });
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => createPod(namespace, `p${index}`)),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 5);
  assert.deepEqual(await used(namespace), { pods: '5' });
  const refused = answers.find(({ status }) => status === 403);
  assert.match(
    refusalOf(refused as never),
    /^403 Forbidden: pods "p\d+" is forbidden: exceeded quota: q0, requested: pods=1, used: pods=5, limited: pods=5$/,
  );
});

test('a dry run, a refused or an invalid pod takes nothing', async () => {
  const namespace = await newNamespace({ hard: { pods: '1' } });
  assert.equal((await createPod(namespace, 'a', {}, {}, '?dryRun=All')).status, 201);
  assert.equal((await createPod(namespace, 'NO')).status, 422);
  assert.equal((await createPod(namespace, 'a')).status, 201);
  assert.equal((await createPod(namespace, 'a')).status, 403, 'the quota is asked before the name');
  assert.deepEqual(await used(namespace), { pods: '1' });
});

test('a name that is taken takes nothing more', async () => {
  const namespace = await newNamespace({ hard: { pods: '3' } });
  await createPod(namespace, 'a');
  assert.equal((await createPod(namespace, 'a')).status, 409);
  assert.deepEqual(await used(namespace), { pods: '1' });
});

test('computing is summed up, and has to be named', async () => {
  const namespace = await newNamespace({
    hard: { 'requests.cpu': '1', 'limits.memory': '2Gi', 'requests.example.com/gpu': '1' },
  });
  assert.equal(
    refusalOf((await createPod(namespace, 'a', { requests: { cpu: '1' } })) as never),
    '403 Forbidden: pods "a" is forbidden: failed quota: q0: must specify limits.memory for: c',
  );
  const limits = { cpu: '1', memory: '1536Mi' };
  assert.equal((await createPod(namespace, 'a', { requests: { cpu: '600m' }, limits })).status, 201);
  assert.equal(
    refusalOf((await createPod(namespace, 'b', { requests: { cpu: '500m' }, limits })) as never),
    '403 Forbidden: pods "b" is forbidden: exceeded quota: q0, requested: limits.memory=1536Mi,requests.cpu=500m, used: limits.memory=1536Mi,requests.cpu=600m, limited: limits.memory=2Gi,requests.cpu=1',
  );
});

test('objects of any kind can be counted', async () => {
  const namespace = await newNamespace({
    hard: { 'count/deployments.apps': '1', configmaps: '1', 'count/secrets': '0' },
  });
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  assert.equal((await post(maps, { metadata: { name: 'a' } })).status, 201);
  assert.equal((await post(maps, { metadata: { name: 'b' } })).status, 403);
  assert.match(
    refusalOf((await post(`/api/v1/namespaces/${namespace}/secrets`, { metadata: { name: 's' } })) as never),
    /exceeded quota: q0, requested: count\/secrets=1, used: count\/secrets=0, limited: count\/secrets=0$/,
  );
});

test('services count by what they open', async () => {
  const namespace = await newNamespace({
    hard: { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' },
  });
  const service = (name: string, type: string) =>
    post(`/api/v1/namespaces/${namespace}/services`, {
      metadata: { name },
      spec: { type, ports: [{ port: 80 }] },
    });
  assert.equal((await service('a', 'NodePort')).status, 201);
  assert.match(refusalOf((await service('b', 'NodePort')) as never), /requested: services\.nodeports=1/);
  assert.match(
    refusalOf((await service('b', 'LoadBalancer')) as never),
    /requested: services\.loadbalancers=1/,
  );
  assert.equal((await service('b', 'ClusterIP')).status, 201);
  const changed = await server.call({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/services/b`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { type: 'NodePort' } },
  });
  assert.equal(changed.status, 403, 'a change of type counts too');
});

test('a quota with scopes counts what is in them alone', async () => {
  const namespace = await newNamespace(
    { hard: { pods: '1' }, scopes: ['BestEffort'] },
    {
      hard: { pods: '0' },
      scopeSelector: { matchExpressions: [{ scopeName: 'Terminating', operator: 'Exists' }] },
    },
    {
      hard: { pods: '0' },
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
    },
  );
  assert.equal((await createPod(namespace, 'a')).status, 201);
  assert.match(refusalOf((await createPod(namespace, 'b')) as never), /exceeded quota: q0/);
  const requests = { requests: { cpu: '1' } };
  assert.equal((await createPod(namespace, 'c', requests)).status, 201);
  assert.match(
    refusalOf((await createPod(namespace, 'd', requests, { activeDeadlineSeconds: 5 })) as never),
    /exceeded quota: q1/,
  );
  assert.match(
    refusalOf((await createPod(namespace, 'd', requests, { priorityClassName: 'high' })) as never),
    /exceeded quota: q2/,
  );
});

test('what was there before the quota counts, and what goes is given back', async () => {
  const namespace = await newNamespace();
  await createPod(namespace, 'a');
  await createPod(namespace, 'b');
  await post(`/api/v1/namespaces/${namespace}/resourcequotas`, {
    metadata: { name: 'q0' },
    spec: { hard: { pods: '2', 'count/pods': '9' } },
  });
  assert.match(refusalOf((await createPod(namespace, 'c')) as never), /used: pods=2, limited: pods=2$/);
  await server.clock.advance(1000);
  assert.deepEqual(await used(namespace), { pods: '2', 'count/pods': '2' });
  await server.call({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/a/status`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { status: { phase: 'Succeeded' } },
  });
  await server.clock.advance(1000);
  assert.deepEqual(await used(namespace), { pods: '1', 'count/pods': '2' });
  await server.call({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/pods/a` });
  await server.clock.advance(1000);
  assert.deepEqual(await used(namespace), { pods: '1', 'count/pods': '1' });
  assert.equal((await createPod(namespace, 'c')).status, 201);
});

test('new limits are in force at once, and their use is worked out', async () => {
  const namespace = await newNamespace({ hard: { pods: '1' } });
  await createPod(namespace, 'a');
  await server.call({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/resourcequotas/q0`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { hard: { pods: '2', configmaps: '0' } } },
  });
  assert.equal((await createPod(namespace, 'b')).status, 201);
  assert.deepEqual(await used(namespace), { pods: '2', configmaps: '0' });
});
