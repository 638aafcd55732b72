import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretResource } from '#api/core/secret.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import { clusterRoleResource } from '#api/rbac/cluster-role.ts';
import { bootstrapTokenCleaner } from '#controllers/bootstrap-token-cleaner.ts';
import { clusterRoleAggregationController } from '#controllers/cluster-role-aggregation.ts';
import { tokenSecretController } from '#controllers/token-secret.ts';
import { World } from '#reconcile/test-world.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('an aggregated role has the rules of the roles that it selects, each once', () => {
  const world = new World();
  const role = (name: string, labels: Record<string, string>, fields: object): void =>
    void world.put(clusterRoleResource, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name, labels },
      ...fields,
    });
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
  role(
    'all',
    {},
    { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'all' } }] }, rules: [rule('own')] },
  );
  role('b', { to: 'all' }, { rules: [rule('pods'), rule('nodes')] });
  role('a', { to: 'all' }, { rules: [rule('pods')] });
  role('c', { to: 'none' }, { rules: [rule('secrets')] });
  world.settle(clusterRoleAggregationController);
  assert.deepEqual(world.get(clusterRoleResource, { name: 'all' })?.rules, [rule('pods'), rule('nodes')]);
  world.remove(clusterRoleResource, { name: 'b' });
  world.settle(clusterRoleAggregationController);
  assert.deepEqual(world.get(clusterRoleResource, { name: 'all' })?.rules, [rule('pods')]);
});

test('a Secret of an account is filled, filled anew with a new key, and goes with the account', () => {
  const world = new World();
  const key = { id: 'k1' };
  const controller = tokenSecretController({
    authority: 'PEM',
    sign: ({ metadata }, secret) => `${key.id}/${metadata.name}/${secret}`,
    isCurrent: (token) => token.startsWith(`${key.id}/`),
  });
  const account = { namespace: 'shop', name: 'robot' };
  world.put(serviceAccountResource, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  const name = { namespace: 'shop', name: 'long-lived' };
  const type = 'kubernetes.io/service-account-token';
  world.put(secretResource, { apiVersion: 'v1', kind: 'Secret', metadata: { ...name, annotations }, type });
  world.settle(controller);
  const filled = world.get(secretResource, name);
  assert.deepEqual(filled?.data, {
    token: base64('k1/robot/long-lived'),
    'ca.crt': base64('PEM'),
    namespace: base64('shop'),
  });
  assert.equal(
    filled?.metadata.annotations?.['kubernetes.io/service-account.uid'],
    world.get(serviceAccountResource, account)?.metadata.uid,
  );
  key.id = 'k2';
  world.settle(controller);
  assert.equal(world.get(secretResource, name)?.data?.token, base64('k2/robot/long-lived'));
  world.remove(serviceAccountResource, account);
  world.settle(controller);
  assert.equal(world.get(secretResource, name), undefined);
});

test('a bootstrap token goes when its time is over', () => {
  const world = new World();
  const name = { namespace: 'kube-system', name: 'bootstrap-token-abcdef' };
  const put = (expiration: string): void =>
    void world.put(secretResource, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: name,
      type: 'bootstrap.kubernetes.io/token',
      data: { expiration: base64(expiration) },
    });
  put('never');
  world.settle(bootstrapTokenCleaner);
  assert.ok(world.get(secretResource, name));
  put('1970-01-01T00:00:01Z');
  world.settle(bootstrapTokenCleaner);
  assert.equal(world.get(secretResource, name), undefined);
});
