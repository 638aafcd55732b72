import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { eventResource } from '#api/core/event.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import type { ResourceType } from '#api/resource.ts';
import { KindRoster } from '#controllers/kind-roster.ts';
import { namespaceController } from '#controllers/namespace.ts';
import { webPod } from '#controllers/service-fixtures.ts';
import { World } from '#reconcile/test-world.ts';

const controller = namespaceController(
  new KindRoster([podResource, configMapResource, eventResource, nodeResource] as unknown as ResourceType[]),
);

function putNamespace(world: World, metadata: object = {}): void {
  world.put(namespaceResource, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', ...metadata },
    spec: { finalizers: ['kubernetes'] },
  });
}

function putMap(world: World, metadata: object = {}): void {
  world.put(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'shop', name: 'm', ...metadata },
  });
}

test('a namespace that is not being deleted is left alone', () => {
  const world = new World();
  putNamespace(world);
  putMap(world);
  assert.deepEqual(world.plan(controller, 'shop'), []);
});

test('pods go first, then all else, then the namespace', () => {
  const world = new World();
  putNamespace(world, { deletionTimestamp: 'x' });
  putMap(world);
  world.put(podResource, webPod('a', { ip: '10.0.0.1' }));
  const deleted = () =>
    world
      .step(controller, 'shop')
      .flatMap((action) => (action.type === 'deleteCollection' ? [action.resource.plural] : []));
  assert.deepEqual(deleted(), ['pods']);
  assert.deepEqual(deleted(), []);
  world.remove(podResource, { namespace: 'shop', name: 'a' });
  assert.deepEqual(deleted(), ['configmaps']);
  assert.deepEqual(
    world.step(controller, 'shop').map(({ type }) => type),
    ['deleteCollection', 'finalize'],
  );
  assert.equal(world.get(namespaceResource, { name: 'shop' }), undefined);
});

test('what is left, and what it waits for, is told in conditions', () => {
  const world = new World();
  putNamespace(world, { deletionTimestamp: 'x' });
  putMap(world, { finalizers: ['example.com/wait'] });
  world.settle(controller);
  const conditions = world.get(namespaceResource, { name: 'shop' })?.status?.conditions ?? [];
  assert.deepEqual(
    conditions.map(({ type, status, message }) => `${type}=${status} ${message}`),
    [
      'NamespaceContentRemaining=True Some resources are remaining: configmaps has 1 resource instances',
      'NamespaceFinalizersRemaining=True Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances',
    ],
  );
});
