import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { User } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const FLEET = '/apis/fleet.skerry.io/v1alpha1';
const north: User = { name: 'skerry:site:north', groups: ['skerry:sites', 'system:authenticated'] };
const host: User = { name: 'system:node:host-1', groups: ['system:nodes', 'system:authenticated'] };

let server: TestServer;
before(async () => {
  server = await startTestServer();
  for (const site of ['north', 'south']) {
    await made(`${FLEET}/sites`, { metadata: { name: site }, spec: { provider: 'Skerry' } });
    await made(`${FLEET}/namespaces/default/applicationinstances`, {
      metadata: { name: `web.${site}` },
      spec: {
        application: 'web',
        site,
        revision: { name: `web-${site}`, digest: `sha256:${'a'.repeat(64)}` },
      },
    });
  }
  for (const name of ['host-1', 'host-2']) await made('/api/v1/nodes', { metadata: { name } });
  for (const name of ['used', 'other', 'token-robot'])
    await made('/api/v1/namespaces/default/secrets', { metadata: { name } });
  for (const name of ['robot', 'idle'])
    await made('/api/v1/namespaces/default/serviceaccounts', { metadata: { name } });
  for (const [name, nodeName] of [
    ['mine', 'host-1'],
    ['theirs', 'host-2'],
  ]) {
    await made('/api/v1/namespaces/default/pods', {
      metadata: { name },
      spec: {
        nodeName,
        serviceAccountName: name === 'mine' ? 'robot' : 'idle',
        containers: [{ name: 'main', image: 'x' }],
        volumes: [{ name: 's', secret: { secretName: name === 'mine' ? 'used' : 'other' } }],
      },
    });
  }
  await server.settle();
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function made(path: string, body: object): Promise<void> {
  const answer = await server.call({ method: 'POST', path, body });
  assert.equal(answer.status, 201, answer.text);
}

/** method and path, whether that is let in. */
const SITE_MATRIX: [string, string, boolean][] = [
  ['GET', `${FLEET}/sites/north`, true],
  ['GET', `${FLEET}/sites/south`, false],
  ['GET', `${FLEET}/sites`, false],
  ['GET', `${FLEET}/sites?fieldSelector=metadata.name%3Dnorth&watch=true`, true],
  ['PATCH', `${FLEET}/sites/north/status`, true],
  ['PATCH', `${FLEET}/sites/south/status`, false],
  ['PATCH', `${FLEET}/sites/north`, false],
  ['DELETE', `${FLEET}/sites/north`, false],
  ['POST', `${FLEET}/sites`, false],
  ['GET', `${FLEET}/applicationinstances?fieldSelector=spec.site%3Dnorth`, true],
  ['GET', `${FLEET}/applicationinstances?fieldSelector=spec.site%3Dsouth`, false],
  ['GET', `${FLEET}/applicationinstances?fieldSelector=spec.site!%3Dsouth`, false],
  ['GET', `${FLEET}/applicationinstances`, false],
  ['GET', `${FLEET}/namespaces/default/applicationinstances/web.north`, true],
  ['GET', `${FLEET}/namespaces/default/applicationinstances/web.south`, false],
  ['PATCH', `${FLEET}/namespaces/default/applicationinstances/web.north/status`, true],
  ['PATCH', `${FLEET}/namespaces/default/applicationinstances/web.south/status`, false],
  ['PATCH', `${FLEET}/namespaces/default/applicationinstances/web.north`, false],
  ['GET', `${FLEET}/namespaces/default/applicationrevisions/web-north`, true],
  ['GET', `${FLEET}/namespaces/default/applicationrevisions/web-south`, false],
  ['GET', `${FLEET}/namespaces/default/applicationrevisions`, false],
  ['GET', `${FLEET}/namespaces/default/applications`, false],
  ['GET', `${FLEET}/jointokens`, false],
  ['GET', '/api/v1/namespaces/default/secrets', false],
  ['GET', '/api/v1/namespaces/default/configmaps', false],
  ['GET', '/api/v1/pods', false],
  ['GET', '/apis', true],
  ['GET', '/metrics', false],
];

test('a site sees and writes its own objects at the hub, and nothing else', async () => {
  for (const [method, path, allowed] of SITE_MATRIX) await probe(north, method, path, allowed);
  const stranger: User = { name: 'skerry:site:north', groups: ['system:authenticated'] };
  await probe(stranger, 'GET', `${FLEET}/sites/north`, false);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const block = { method: 'PATCH', path: `${FLEET}/sites/south`, headers, body: { spec: { blocked: true } } };
  assert.equal((await server.call(block)).status, 200);
  await server.settle();
  const south: User = { ...north, name: 'skerry:site:south' };
  for (const path of [`${FLEET}/sites/south`, '/apis']) await probe(south, 'GET', path, false);
});

async function probe(user: User, method: string, path: string, allowed: boolean): Promise<void> {
  const headers = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
  const answer = await server.call({ method, path, user, headers, ...body });
  assert.equal(answer.status !== 403, allowed, `${method} ${path}: ${answer.text.slice(0, 300)}`);
}

const NODE_MATRIX: [string, string, boolean][] = [
  ['GET', '/api/v1/nodes/host-1', true],
  ['GET', '/api/v1/nodes/host-2', false],
  ['GET', '/api/v1/nodes', false],
  ['PATCH', '/api/v1/nodes/host-1/status', true],
  ['PATCH', '/api/v1/nodes/host-2/status', false],
  ['DELETE', '/api/v1/nodes/host-1', false],
  ['GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dhost-1', true],
  ['GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dhost-2', false],
  ['GET', '/api/v1/pods', false],
  ['GET', '/api/v1/namespaces/default/pods/mine', true],
  ['GET', '/api/v1/namespaces/default/pods/theirs', false],
  ['PATCH', '/api/v1/namespaces/default/pods/mine/status', true],
  ['PATCH', '/api/v1/namespaces/default/pods/theirs/status', false],
  ['DELETE', '/api/v1/namespaces/default/pods/theirs', false],
  ['GET', '/api/v1/namespaces/default/secrets/used', true],
  ['GET', '/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Dused&watch=true', true],
  ['GET', '/api/v1/namespaces/default/secrets/other', false],
  ['GET', '/api/v1/namespaces/default/secrets', false],
  ['PATCH', '/api/v1/namespaces/default/secrets/used', false],
  ['POST', '/api/v1/namespaces/default/serviceaccounts/idle/token', false],
  ['GET', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/host-1', true],
  ['GET', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/host-2', false],
  ['GET', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/host-1', false],
  ['GET', '/api/v1/services', true],
  ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles', false],
];

test('a node sees what its pods refer to, and writes what is its own', async () => {
  for (const [method, path, allowed] of NODE_MATRIX) await probe(host, method, path, allowed);
  assert.equal(
    refusalOf(await server.call({ path: '/api/v1/namespaces/default/secrets/other', user: host })),
    `403 Forbidden: secrets "other" is forbidden: User "system:node:host-1" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node 'host-1' and this object`,
  );
});

test('a node gets tokens for the pods that are on it', async () => {
  const ask = async (account: string, pod?: string): Promise<string> => {
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: pod };
    const path = `/api/v1/namespaces/default/serviceaccounts/${account}/token`;
    const body = { spec: pod === undefined ? {} : { boundObjectRef } };
    return refusalOf((await server.call({ method: 'POST', path, user: host, body })) as never);
  };
  assert.equal(await ask('robot', 'mine'), '201');
  assert.equal(
    await ask('robot'),
    '403 Forbidden: serviceaccounts "robot" is forbidden: node requested token not bound to a pod',
  );
  assert.match(
    await ask('idle', 'theirs'),
    /^403 Forbidden: serviceaccounts "idle" is forbidden: User "system:node:host-1"/,
  );
});

test('a node gives itself no owner, taint or restricted label', async () => {
  const patch = async (body: object): Promise<string> =>
    refusalOf(
      await server.call({
        method: 'PATCH',
        path: '/api/v1/nodes/host-1',
        user: host,
        headers: { 'content-type': 'application/merge-patch+json' },
        body,
      }),
    );
  const { body: node } = await server.call<{ metadata: { uid: string } }>({ path: '/api/v1/nodes/host-1' });
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'host-1', uid: node.metadata.uid };
  assert.equal(
    await patch({ metadata: { ownerReferences: [owner] } }),
    '403 Forbidden: nodes "host-1" is forbidden: node "host-1" is not allowed to modify ownerReferences',
  );
  assert.equal(
    await patch({ spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }),
    '403 Forbidden: nodes "host-1" is forbidden: node "host-1" is not allowed to modify taints',
  );
  assert.equal(
    await patch({ metadata: { labels: { 'node-restriction.kubernetes.io/x': 'y' } } }),
    '403 Forbidden: nodes "host-1" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x',
  );
  assert.equal(await patch({ metadata: { labels: { zone: 'a' } } }), '200');
  const mirror = await server.call({
    method: 'POST',
    path: '/api/v1/namespaces/default/pods',
    user: host,
    body: {
      metadata: { name: 'new' },
      spec: { nodeName: 'host-1', containers: [{ name: 'm', image: 'x' }] },
    },
  });
  assert.match(refusalOf(mirror), /node "host-1" can only create mirror pods$/);
});

test('B18: owners in a circle, in another namespace and of oneself do no harm', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  await made(path, { metadata: { name: 'a' } });
  const { body: a } = await server.call<{ metadata: { uid: string } }>({ path: `${path}/a` });
  const owned = (name: string, uid: string) => [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
  await made(path, { metadata: { name: 'b', ownerReferences: owned('a', a.metadata.uid) } });
  const { body: b } = await server.call<{ metadata: { uid: string } }>({ path: `${path}/b` });
  for (const ownerReferences of [owned('b', b.metadata.uid), owned('a', a.metadata.uid)]) {
    const answer = await server.call({
      method: 'PATCH',
      path: `${path}/a`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { metadata: { ownerReferences } },
    });
    assert.equal(answer.status, 200, answer.text);
  }
  assert.equal((await server.call({ method: 'DELETE', path: `${path}/a` })).status, 200);
});
