import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import { serviceAccountController } from '#controllers/service-account.ts';
import { World } from '#reconcile/test-world.ts';

const controller = serviceAccountController('PEM');
const ACCOUNT = { namespace: 'shop', name: 'default' };
const ROOT_CA = { namespace: 'shop', name: 'kube-root-ca.crt' };

function namespace(world: World, metadata: object = {}): void {
  world.put(namespaceResource, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', ...metadata },
    spec: {},
  });
}

test('a namespace gets its account and its authority, and again when they are deleted or changed', () => {
  const world = new World();
  namespace(world);
  world.settle(controller);
  assert.ok(world.get(serviceAccountResource, ACCOUNT));
  assert.deepEqual(world.get(configMapResource, ROOT_CA)?.data, { 'ca.crt': 'PEM' });
  world.remove(serviceAccountResource, ACCOUNT);
  world.patch(configMapResource, ROOT_CA, { data: { 'ca.crt': 'other' } });
  world.settle(controller);
  assert.ok(world.get(serviceAccountResource, ACCOUNT));
  assert.deepEqual(world.get(configMapResource, ROOT_CA)?.data, { 'ca.crt': 'PEM' });
});

test('a namespace that is being deleted gets nothing', () => {
  const world = new World();
  namespace(world, { deletionTimestamp: 'x' });
  world.settle(controller);
  assert.equal(world.get(serviceAccountResource, ACCOUNT), undefined);
});
