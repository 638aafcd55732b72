import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { User } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

const admin: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const carol: User = { name: 'carol', groups: ['system:authenticated'] };
const dave: User = { name: 'dave', groups: ['helpers', 'system:authenticated'] };

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await role('clusterroles', 'role-writer', [
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['*'], verbs: ['create', 'update', 'get'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  ]);
  await role('clusterroles', 'act-as', [
    { apiGroups: [''], resources: ['users'], resourceNames: ['carol'], verbs: ['impersonate'] },
    { apiGroups: [''], resources: ['groups'], resourceNames: ['helpers'], verbs: ['impersonate'] },
    { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] },
    {
      apiGroups: ['authentication.k8s.io'],
      resources: ['userextras/scopes'],
      resourceNames: ['view'],
      verbs: ['impersonate'],
    },
    {
      apiGroups: ['authentication.k8s.io'],
      resources: ['uids'],
      resourceNames: ['u-1'],
      verbs: ['impersonate'],
    },
  ]);
  await bind('clusterrolebindings', 'role-writer', { kind: 'User', name: 'carol' });
  await bind('clusterrolebindings', 'act-as', { kind: 'Group', name: 'helpers' });
  await server.settle();
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function made(path: string, body: object): Promise<void> {
  const answer = await server.call({ method: 'POST', path: `${RBAC}/${path}`, body });
  assert.equal(answer.status, 201, answer.text);
}

function role(path: string, name: string, rules: object[]): Promise<void> {
  return made(path, { metadata: { name }, rules });
}

function bind(path: string, name: string, subject: { kind: string; name: string }): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const roleRef = { apiGroup, kind: 'ClusterRole', name };
  return made(path, { metadata: { name }, roleRef, subjects: [{ apiGroup, ...subject }] });
}

test('B21: nobody writes a role that is above his own rights', async () => {
  const write = async (body: object, user = carol, path = 'namespaces/default/roles') =>
    refusalOf(await server.call({ method: 'POST', path: `${RBAC}/${path}`, user, body }));
  const rules = [
    { apiGroups: ['', 'apps'], resources: ['pods', 'deployments'], verbs: ['get', 'list', 'delete'] },
  ];
  assert.equal(
    await write({ metadata: { name: 'more' }, rules }),
    [
      '403 Forbidden: roles.rbac.authorization.k8s.io "more" is forbidden: user "carol" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:',
      '{APIGroups:[""], Resources:["deployments"], Verbs:["get" "list" "delete"]}',
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
      '{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list" "delete"]}',
      '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "list" "delete"]}',
    ].join('\n'),
  );
  const held = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
  assert.equal(await write({ metadata: { name: 'less' }, rules: held }), '201');
  assert.match(
    await write(
      { metadata: { name: 'paths' }, rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] },
      carol,
      'clusterroles',
    ),
    /not currently held:\n\{NonResourceURLs:\["\/metrics"\], Verbs:\["get"\]\}$/,
  );
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
  assert.match(
    await write({ metadata: { name: 'all' }, aggregationRule }, carol, 'clusterroles'),
    /not currently held:\n\{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]\}\n\{NonResourceURLs:\["\*"\], Verbs:\["\*"\]\}$/,
  );
  assert.equal(await write({ metadata: { name: 'any' }, rules }, admin), '201');
  await server.settle();
  const path = `${RBAC}/namespaces/default/roles/any`;
  const label = {
    method: 'PUT',
    path,
    user: carol,
    body: { metadata: { name: 'any', labels: { a: 'b' } }, rules },
  };
  assert.equal((await server.call(label)).status, 200, 'what changes no right needs none');
});

test('B21: nobody binds a role that is above his own rights, unless he may bind it', async () => {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'carol' }];
  const write = async (name: string, ref: object = roleRef) =>
    refusalOf(
      await server.call({
        method: 'POST',
        path: `${RBAC}/clusterrolebindings`,
        user: carol,
        body: { metadata: { name }, roleRef: { ...roleRef, ...ref }, subjects },
      }),
    );
  assert.match(
    await write('up'),
    /^403 Forbidden: clusterrolebindings.rbac.authorization.k8s.io "up" is forbidden: user "carol"/,
  );
  assert.equal(
    await write('up', { name: 'none' }),
    '404 NotFound: clusterroles.rbac.authorization.k8s.io "none" not found',
  );
  assert.equal(await write('own', { name: 'role-writer' }), '201');
  await role('clusterroles', 'binder', [
    {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles'],
      resourceNames: ['view'],
      verbs: ['bind', 'escalate'],
    },
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], verbs: ['update'] },
  ]);
  await bind('clusterrolebindings', 'binder', { kind: 'User', name: 'carol' });
  await server.settle();
  assert.equal(await write('viewer', { name: 'view' }), '201');
  assert.match(await write('up'), /^403 Forbidden/);
});

test('B19: whoever may impersonate is served as the other, with his rights and not his own', async () => {
  const as = async (headers: Record<string, string>, path = WHO, method = 'POST') => {
    const answer = await server.call<{ status: { userInfo: unknown } }>({
      method,
      path,
      user: dave,
      headers,
      ...(method === 'POST' ? { body: {} } : {}),
    });
    return answer.status === 201 ? answer.body.status.userInfo : refusalOf(answer as never);
  };
  assert.deepEqual(await as({ 'impersonate-user': 'carol' }), {
    username: 'carol',
    groups: ['system:authenticated'],
  });
  assert.deepEqual(
    await as({
      'impersonate-user': 'carol',
      'impersonate-group': 'helpers, helpers',
      'impersonate-uid': 'u-1',
      'impersonate-extra-scopes': 'view',
    }),
    {
      username: 'carol',
      uid: 'u-1',
      groups: ['helpers', 'helpers', 'system:authenticated'],
      extra: { scopes: ['view'] },
    },
  );
  assert.deepEqual(await as({ 'impersonate-user': 'system:serviceaccount:shop:robot' }), {
    username: 'system:serviceaccount:shop:robot',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
  });
  assert.equal(
    await as({ 'impersonate-user': 'admin' }),
    '403 Forbidden: users "admin" is forbidden: User "dave" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
  assert.equal(
    await as({ 'impersonate-user': 'carol', 'impersonate-group': 'helpers, system:masters' }),
    '403 Forbidden: groups "system:masters" is forbidden: User "dave" cannot impersonate resource "groups" in API group "" at the cluster scope',
  );
  assert.match(
    (await as({ 'impersonate-user': 'carol', 'impersonate-uid': 'u-2' })) as string,
    /^403 Forbidden: uids.authentication.k8s.io "u-2"/,
  );
  assert.match(
    (await as({ 'impersonate-user': 'carol', 'impersonate-extra-scopes': 'edit' })) as string,
    /^403 Forbidden: userextras.authentication.k8s.io "edit" is forbidden: User "dave" cannot impersonate resource "userextras\/scopes"/,
  );
  assert.match((await as({ 'impersonate-group': 'helpers' })) as string, /^400 BadRequest/);
  assert.equal(
    await as({ 'impersonate-user': 'carol' }, '/api/v1/secrets', 'GET'),
    '403 Forbidden: secrets is forbidden: User "carol" cannot list resource "secrets" in API group "" at the cluster scope',
  );
  assert.equal(await as({ 'impersonate-user': 'carol' }, '/api/v1/pods', 'GET'), '200');
  assert.equal(
    await as({ 'x-remote-user': 'carol', 'x-remote-group': 'system:masters' }, '/api/v1/pods', 'GET'),
    '403 Forbidden: pods is forbidden: User "dave" cannot list resource "pods" in API group "" at the cluster scope',
  );
});

test('reviews answer what an authoriser would, of oneself and of others', async () => {
  interface Answer {
    status: { allowed: boolean; reason?: string };
  }
  const review = (plural: string, user: User, spec: object) =>
    server.call<Answer>({ method: 'POST', path: `${AUTHORIZATION}/${plural}`, user, body: { spec } });
  const pods = { verb: 'list', resource: 'pods' };
  const asked = await review('subjectaccessreviews', admin, { user: 'carol', resourceAttributes: pods });
  assert.deepEqual(asked.body.status, {
    allowed: true,
    reason: 'RBAC: allowed by ClusterRoleBinding "role-writer" of ClusterRole "role-writer" to User "carol"',
  });
  const group = await review('subjectaccessreviews', admin, {
    groups: ['helpers'],
    resourceAttributes: { verb: 'impersonate', resource: 'users', name: 'carol' },
  });
  assert.equal(group.body.status.allowed, true);
  assert.match(
    refusalOf(
      (await review('subjectaccessreviews', carol, { user: 'x', resourceAttributes: pods })) as never,
    ),
    /^403 Forbidden: subjectaccessreviews.authorization.k8s.io is forbidden/,
  );
  assert.match(
    refusalOf((await review('subjectaccessreviews', admin, { resourceAttributes: pods })) as never),
    /spec.user: Invalid value: "": at least one of user or group must be specified$/,
  );
  const local = (namespace: string) =>
    review('namespaces/default/localsubjectaccessreviews', admin, {
      user: 'carol',
      resourceAttributes: { ...pods, namespace },
    });
  assert.equal((await local('default')).body.status.allowed, true);
  assert.match(
    refusalOf((await local('other')) as never),
    /spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace$/,
  );
});

test('everybody may list his own rules', async () => {
  interface Rules {
    status: { resourceRules: object[]; nonResourceRules: object[]; incomplete: boolean };
  }
  const path = `${AUTHORIZATION}/selfsubjectrulesreviews`;
  const { status, body } = await server.call<Rules>({
    method: 'POST',
    path,
    user: dave,
    body: { spec: { namespace: 'default' } },
  });
  assert.equal(status, 201);
  assert.deepEqual(
    body.status.resourceRules.find((rule) => JSON.stringify(rule).includes('uids')),
    {
      verbs: ['impersonate'],
      apiGroups: ['authentication.k8s.io'],
      resources: ['uids'],
      resourceNames: ['u-1'],
    },
  );
  assert.equal(body.status.nonResourceRules.length, 2);
  assert.equal(body.status.incomplete, false);
  assert.equal(
    refusalOf((await server.call({ method: 'POST', path, user: dave, body: { spec: {} } })) as never),
    '400 BadRequest: no namespace on request',
  );
});

test('a bound role that is missing is named in the refusal', async () => {
  await bind('clusterrolebindings', 'not-there', { kind: 'User', name: 'frank' });
  await server.settle();
  assert.equal(
    refusalOf(
      await server.call({
        path: '/api/v1/namespaces/default/pods/p/log',
        user: { name: 'frank', groups: ['system:authenticated'] },
      }),
    ),
    '403 Forbidden: pods "p" is forbidden: User "frank" cannot get resource "pods/log" in API group "" in the namespace "default": RBAC: clusterrole.rbac.authorization.k8s.io "not-there" not found',
  );
});
