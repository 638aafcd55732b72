import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { flowSchemaResource } from '#api/flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationResource } from '#api/flowcontrol/priority-level-configuration.ts';
import { ensureFlowControl } from '#apiserver/fairness/ensure-flow-control.ts';
import { WATCHES_PER_USER_MAX } from '#apiserver/fairness/fairness.ts';
import type { User } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const FLOW_CONTROL = '/apis/flowcontrol.apiserver.k8s.io/v1';
const ann: User = { name: 'ann', groups: ['readers', 'system:authenticated'] };
const admin: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const robot: User = {
  name: 'system:serviceaccount:kube-system:robot',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
};

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await server.call({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: {
      metadata: { name: 'readers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' }],
    },
  });
  await server.settle();
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function where(user: User, path: string, method = 'GET'): Promise<string> {
  const { headers } = await server.call({ method, path, user, ...(method === 'POST' ? { body: {} } : {}) });
  const [schemas, levels] = await Promise.all([
    server.client.list(flowSchemaResource),
    server.client.list(priorityLevelConfigurationResource),
  ]);
  const nameOf = (items: readonly { metadata: { uid: string; name: string } }[], uid: string | undefined) =>
    items.find(({ metadata }) => metadata.uid === uid)?.metadata.name ?? 'none';
  const schema = nameOf(schemas.items, headers['x-kubernetes-pf-flowschema-uid']);
  return `${schema} -> ${nameOf(levels.items, headers['x-kubernetes-pf-prioritylevel-uid'])}`;
}

test('each request is put under the flow schema that speaks of it first', async () => {
  const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
  const table: [User, string, string, string?][] = [
    [admin, '/api/v1/pods', 'exempt -> exempt'],
    [ann, '/api/v1/pods', 'global-default -> global-default'],
    [ann, '/apis', 'global-default -> global-default'],
    [robot, '/api/v1/pods', 'kube-system-service-accounts -> workload-high'],
    [robot, lease, 'system-leader-election -> leader-election', 'POST'],
    [{ ...robot, name: 'system:serviceaccount:shop:x' }, '/api', 'service-accounts -> workload-low'],
    [{ name: 'system:node:a', groups: ['system:nodes'] }, '/api/v1/nodes/a', 'system-node-high -> node-high'],
    [{ name: 'system:node:a', groups: ['system:nodes'] }, '/api/v1/pods', 'system-nodes -> system'],
    [{ name: 'nobody', groups: [] }, '/api/v1/pods', 'catch-all -> catch-all'],
  ];
  for (const [user, path, wanted, method] of table)
    assert.equal(await where(user, path, method), wanted, path);
});

test('mandatory objects come back at the next start, others stay where they say so', async () => {
  const { client } = server;
  const before = await client.list(flowSchemaResource);
  await ensureFlowControl(client);
  assert.equal((await client.list(flowSchemaResource)).resourceVersion, before.resourceVersion);
  await client.delete(priorityLevelConfigurationResource, { name: 'catch-all' });
  const low = await client.get(priorityLevelConfigurationResource, { name: 'workload-low' });
  const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'false' };
  const limited = { ...low.spec.limited, nominalConcurrencyShares: 1 };
  const changed = { ...low, metadata: { ...low.metadata, annotations }, spec: { ...low.spec, limited } };
  await client.update(priorityLevelConfigurationResource, changed);
  await ensureFlowControl(client);
  assert.ok(await client.find(priorityLevelConfigurationResource, { name: 'catch-all' }));
  const after = await client.get(priorityLevelConfigurationResource, { name: 'workload-low' });
  assert.equal(after.spec.limited?.nominalConcurrencyShares, 1);
});

test('what flow control cannot follow is refused', async () => {
  const spec = {
    priorityLevelConfiguration: { name: 'x' },
    matchingPrecedence: 1,
    rules: [
      {
        subjects: [{ kind: 'User' }],
        resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
      },
    ],
  };
  const answer = await server.call({
    method: 'POST',
    path: `${FLOW_CONTROL}/flowschemas`,
    body: { metadata: { name: 'mine' }, spec },
  });
  assert.match(
    refusalOf(answer),
    /^422 Invalid: FlowSchema.flowcontrol.apiserver.k8s.io "mine" is invalid: \[/,
  );
  for (const field of [
    "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
    'spec.rules[0].resourceRules[0].namespaces: Required value',
  ])
    assert.ok(refusalOf(answer).includes(field), field);
});

test('B23: one user has so many watches and no more; others are served, and so is he when some have ended', async () => {
  const path = '/api/v1/configmaps?watch=true&resourceVersion=0';
  const watches = [];
  for (let n = 0; n < WATCHES_PER_USER_MAX; n++) watches.push(await server.watch(path, { user: ann }));
  assert.ok(watches.every(({ status }) => status === 200));
  const refused = await server.call({ path, user: ann });
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1']);
  assert.match(refusalOf(refused), /^429 TooManyRequests: too many requests, please try again later/);
  assert.equal((await server.call({ path: '/api/v1/configmaps', user: ann })).status, 200);
  const others = [await server.watch(path, { user: robot }), await server.watch(path, { user: admin })];
  assert.deepEqual(
    others.map(({ status }) => status),
    [403, 200],
  );
  watches.pop()?.leave();
  const again = await server.watch(path, { user: ann });
  assert.equal(again.status, 200);
  for (const watch of [...watches, ...others, again]) watch.leave();
});
