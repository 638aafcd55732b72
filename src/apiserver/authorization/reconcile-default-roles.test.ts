import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterRoleResource } from '#api/rbac/cluster-role.ts';
import { clusterRoleBindingResource } from '#api/rbac/cluster-role-binding.ts';
import { reconcileDefaultRoles } from '#apiserver/authorization/reconcile-default-roles.ts';
import { startTestServer } from '#apiserver/test-server.ts';

test('default roles get back what they lack, keep what was added, and can be taken out of that', async () => {
  const server = await startTestServer();
  const { client } = server;
  const before = await client.list(clusterRoleResource);
  await reconcileDefaultRoles(client);
  assert.equal(
    (await client.list(clusterRoleResource)).resourceVersion,
    before.resourceVersion,
    'nothing to do',
  );
  const discovery = await client.get(clusterRoleResource, { name: 'system:discovery' });
  const added = { apiGroups: ['x'], resources: ['y'], verbs: ['get'] };
  await client.update(clusterRoleResource, { ...discovery, rules: [added] });
  const binding = await client.get(clusterRoleBindingResource, { name: 'system:discovery' });
  await client.update(clusterRoleBindingResource, { ...binding, subjects: [] });
  await client.delete(clusterRoleResource, { name: 'system:basic-user' });
  const monitoring = await client.get(clusterRoleResource, { name: 'system:monitoring' });
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
  await client.update(clusterRoleResource, {
    ...monitoring,
    metadata: { ...monitoring.metadata, annotations },
    rules: [],
  });
  await reconcileDefaultRoles(client);
  assert.deepEqual((await client.get(clusterRoleResource, { name: 'system:discovery' })).rules, [
    added,
    ...(discovery.rules ?? []),
  ]);
  assert.deepEqual(
    (await client.get(clusterRoleBindingResource, { name: 'system:discovery' })).subjects,
    binding.subjects,
  );
  assert.ok(await client.find(clusterRoleResource, { name: 'system:basic-user' }));
  assert.deepEqual((await client.get(clusterRoleResource, { name: 'system:monitoring' })).rules ?? [], []);
  await server.stop();
});
