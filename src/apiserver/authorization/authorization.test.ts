import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { User } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

const ann: User = { name: 'ann', groups: ['readers', 'system:authenticated'] };
const bob: User = { name: 'bob', groups: ['system:authenticated'] };
const robot: User = {
  name: 'system:serviceaccount:default:robot',
  groups: ['system:serviceaccounts', 'system:authenticated'],
};

let server: TestServer;
before(async () => {
  server = await startTestServer();
  const roles: [string, object][] = [
    [
      'clusterroles',
      {
        metadata: { name: 'read-all' },
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
      },
    ],
    [
      'clusterroles',
      {
        metadata: { name: 'editor' },
        rules: [
          { apiGroups: ['', 'apps'], resources: ['configmaps', 'deployments'], verbs: ['*'] },
          { apiGroups: ['apps'], resources: ['*/scale'], verbs: ['update'] },
        ],
      },
    ],
    [
      'clusterroles',
      {
        metadata: { name: 'metrics' },
        rules: [{ nonResourceURLs: ['/metrics', '/metrics/*'], verbs: ['get'] }],
      },
    ],
    [
      'namespaces/default/roles',
      {
        metadata: { name: 'one-secret' },
        rules: [
          {
            apiGroups: [''],
            resources: ['secrets'],
            resourceNames: ['mine'],
            verbs: ['get', 'list', 'watch', 'update', 'create'],
          },
        ],
      },
    ],
    [
      'namespaces/default/roles',
      { metadata: { name: 'logs' }, rules: [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }] },
    ],
  ];
  const apiGroup = 'rbac.authorization.k8s.io';
  const user = (name: string) => ({ apiGroup, kind: 'User', name });
  const bindings: [string, string, string, object][] = [
    ['clusterrolebindings', 'ClusterRole', 'read-all', { apiGroup, kind: 'Group', name: 'readers' }],
    ['clusterrolebindings', 'ClusterRole', 'metrics', user('bob')],
    ['namespaces/default/rolebindings', 'ClusterRole', 'editor', user('bob')],
    ['namespaces/default/rolebindings', 'Role', 'one-secret', user('bob')],
    [
      'namespaces/default/rolebindings',
      'Role',
      'logs',
      { kind: 'ServiceAccount', namespace: 'default', name: 'robot' },
    ],
    ['namespaces/kube-system/rolebindings', 'Role', 'not-there', user('bob')],
  ];
  for (const [path, body] of roles) await made(path, body);
  for (const [path, kind, name, subject] of bindings) {
    await made(path, {
      metadata: { name: `b-${name}` },
      roleRef: { apiGroup, kind, name },
      subjects: [subject],
    });
  }
  for (const name of ['mine', 'other'])
    await made('../../../api/v1/namespaces/default/secrets', { metadata: { name } });
  await server.settle();
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function made(path: string, body: object): Promise<void> {
  const full = path.startsWith('..') ? path.replace('../../..', '') : `${RBAC}/${path}`;
  const answer = await server.call({ method: 'POST', path: full, body });
  assert.equal(answer.status, 201, answer.text);
}

test('nobody is let in without a name, but to what everybody may see', async () => {
  for (const path of ['/api/v1/pods', '/api', '/apis', '/openapi/v3', '/metrics', '/nothing']) {
    const answer = await server.call({ path, user: undefined });
    assert.equal(refusalOf(answer), '401 Unauthorized: Unauthorized', path);
  }
  for (const path of ['/healthz', '/livez', '/readyz', '/version']) {
    assert.equal((await server.call({ path, user: undefined })).status, 200, path);
  }
});

test('whoever may only patch and update creates nothing by it', async () => {
  const rules = [
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      verbs: ['get', 'update', 'patch'],
    },
  ];
  await made('namespaces/default/roles', { metadata: { name: 'changer' }, rules });
  await made('namespaces/default/rolebindings', {
    metadata: { name: 'changer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'changer' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'cay' }],
  });
  await server.settle();
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/l';
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' } };
  const put = (user: User) => server.call({ method: 'PUT', path, body: lease, user });
  const apply = (user: User) =>
    server.call({
      method: 'PATCH',
      path: `${path}?fieldManager=m&force=true`,
      body: lease,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      user,
    });
  const cay: User = { name: 'cay', groups: ['system:authenticated'] };
  const refusal =
    '403 Forbidden: leases.coordination.k8s.io "l" is forbidden: User "cay" cannot create resource "leases" in API group "coordination.k8s.io" in the namespace "default"';
  for (const write of [put, apply]) assert.equal(refusalOf(await write(cay)), refusal);
  assert.equal((await put({ name: 'root', groups: ['system:masters'] })).status, 201);
  assert.equal((await apply(cay)).status, 200);
});

test('whoever has no role may only discover', async () => {
  const stranger: User = { name: 'eve', groups: ['system:authenticated'] };
  assert.equal((await server.call({ path: '/apis', user: stranger })).status, 200);
  assert.equal(
    refusalOf(await server.call({ path: '/api/v1/namespaces/default/pods', user: stranger })),
    '403 Forbidden: pods is forbidden: User "eve" cannot list resource "pods" in API group "" in the namespace "default"',
  );
  assert.equal(
    refusalOf(await server.call({ method: 'POST', path: '/apis', user: stranger })),
    '403 Forbidden: forbidden: User "eve" cannot post path "/apis"',
  );
});

/** method, path, who, whether that is let in. */
const table: [string, string, User, boolean][] = [
  ['GET', '/api/v1/pods', ann, true],
  ['GET', '/apis/apps/v1/namespaces/kube-system/deployments?watch=1', ann, true],
  ['GET', '/api/v1/namespaces/default/pods/p/log', ann, true],
  ['POST', '/api/v1/namespaces/default/configmaps', ann, false],
  ['DELETE', '/api/v1/namespaces/default/pods/p', ann, false],
  ['GET', '/metrics', ann, false],
  ['POST', '/api/v1/namespaces/default/configmaps', bob, true],
  ['DELETE', '/api/v1/namespaces/default/configmaps', bob, true],
  ['PATCH', '/apis/apps/v1/namespaces/default/deployments/x', bob, true],
  ['GET', '/api/v1/configmaps', bob, false],
  ['GET', '/api/v1/namespaces/kube-system/configmaps', bob, false],
  ['PUT', '/apis/apps/v1/namespaces/default/deployments/x/scale', bob, true],
  ['GET', '/apis/apps/v1/namespaces/default/deployments/x/scale', bob, false],
  ['PUT', '/apis/apps/v1/namespaces/default/deployments/x/status', bob, false],
  ['GET', '/metrics/cadvisor', bob, true],
  ['GET', '/metric', bob, false],
  ['GET', '/api/v1/namespaces/default/secrets/mine', bob, true],
  ['GET', '/api/v1/namespaces/default/secrets/other', bob, false],
  ['GET', '/api/v1/namespaces/default/secrets', bob, false],
  ['GET', '/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Dmine', bob, true],
  ['GET', '/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Dmine&watch=true', bob, true],
  ['GET', '/api/v1/namespaces/default/secrets?fieldSelector=metadata.name!%3Dmine', bob, false],
  ['GET', '/api/v1/namespaces/default/secrets/other?fieldSelector=metadata.name%3Dmine', bob, false],
  [
    'GET',
    '/api/v1/namespaces/default/secrets/other?watch=true&fieldSelector=metadata.name%3Dmine',
    bob,
    false,
  ],
  ['DELETE', '/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Dmine', bob, false],
  ['POST', '/api/v1/namespaces/default/secrets', bob, false],
  ['GET', '/api/v1/namespaces/default/pods/p/log', robot, true],
  ['GET', '/api/v1/namespaces/default/pods/p', robot, false],
  ['GET', '/api/v1/namespaces/kube-system/pods/p/log', robot, false],
];

for (const [method, path, user, allowed] of table) {
  test(`${user.name.replace(/^system:.*:/u, '')} ${allowed ? 'may' : 'may not'} ${method} ${path}`, async () => {
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
    const response = await server.call({ method, path, user, ...body });
    assert.equal(response.status !== 403, allowed, response.text);
  });
}

test('B19: members of system:masters may do everything; nobody becomes one by headers', async () => {
  const admin: User = { name: 'admin', groups: ['system:masters'] };
  assert.equal((await server.call({ path: '/api/v1/secrets', user: admin })).status, 200);
  const headers = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' };
  assert.equal((await server.call({ path: '/api/v1/secrets', user: bob, headers })).status, 403);
});

test('a role that is taken away counts no more', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  await made('namespaces/default/rolebindings', {
    metadata: { name: 'short' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'editor' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'carl' }],
  });
  await server.settle();
  const carl: User = { name: 'carl', groups: ['system:authenticated'] };
  assert.equal((await server.call({ path, user: carl })).status, 200);
  await server.call({ method: 'DELETE', path: `${RBAC}/namespaces/default/rolebindings/short` });
  await server.settle();
  assert.equal((await server.call({ path, user: carl })).status, 403);
});

test('everybody may ask what he may do, and who he is', async () => {
  type Review = { kind: string; status: { allowed: boolean } };
  const ask = async (user: User, spec: object) =>
    (await server.call<Review>({ method: 'POST', path: REVIEWS, user, body: { spec } })).body.status.allowed;
  const resource = (attributes: object) => ({
    resourceAttributes: { namespace: 'default', verb: 'get', resource: 'secrets', ...attributes },
  });
  assert.equal(await ask(bob, resource({ name: 'mine' })), true);
  assert.equal(await ask(bob, resource({ name: 'other' })), false);
  assert.equal(
    await ask(
      bob,
      resource({ group: 'apps', resource: 'deployments', subresource: 'scale', verb: 'update' }),
    ),
    true,
  );
  assert.equal(await ask(bob, { nonResourceAttributes: { path: '/metrics', verb: 'get' } }), true);
  assert.equal(await ask(ann, { resourceAttributes: { verb: 'list', resource: 'nodes' } }), true);
  const who = await server.call<{ status: { userInfo: object } }>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    user: ann,
    body: {},
  });
  assert.deepEqual([who.status, who.body.status.userInfo], [201, { username: 'ann', groups: ann.groups }]);
});

test('a question that is none is refused', async () => {
  for (const body of [
    'null',
    '[]',
    { spec: 'x' },
    { spec: { resourceAttributes: { verb: 5 } } },
    { kind: 'Pod' },
  ]) {
    assert.match(
      refusalOf(await server.call({ method: 'POST', path: REVIEWS, user: bob, body })),
      /^400 BadRequest/,
    );
  }
  assert.equal(
    refusalOf(await server.call({ method: 'POST', path: REVIEWS, user: bob, body: {} })),
    '422 Invalid: SelfSubjectAccessReview.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
  );
});
