import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import { podGarbageCollector } from '#controllers/pod-garbage-collector.ts';
import { webPod } from '#controllers/service-fixtures.ts';
import { World } from '#reconcile/test-world.ts';

const collector = podGarbageCollector({ terminatedPodsMax: 2 });

function worldWithHost(): World {
  const world = new World();
  world.put(nodeResource, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'host-a' }, spec: {} });
  return world;
}

function podsOf(world: World): string[] {
  return world.list(podResource).map(({ metadata }) => metadata.name);
}

test('a pod on a node that is gone is deleted at once, unless the server knows the node after all', () => {
  const world = worldWithHost();
  world.put(podResource, webPod('here', { ip: '10.0.0.1' }));
  world.put(podResource, webPod('lost', { ip: '10.0.0.2', spec: { nodeName: 'host-b' } }));
  const [action] = world.plan(collector, 'shop/lost');
  assert.ok(action?.type === 'delete' && action.gracePeriodSeconds === 0);
  assert.deepEqual(action.unless, [{ resource: nodeResource, name: { name: 'host-b' } }]);
  world.settle(collector);
  assert.deepEqual(podsOf(world), ['here']);
});

test('a pod that was deleted before it had a node is deleted at once, one that waits for a node is not', () => {
  const world = worldWithHost();
  world.put(
    podResource,
    webPod('gone', {
      ip: '',
      phase: 'Pending',
      metadata: { deletionTimestamp: 'x' },
      spec: { nodeName: '' },
    }),
  );
  world.put(podResource, webPod('waiting', { ip: '', phase: 'Pending', spec: { nodeName: '' } }));
  world.settle(collector);
  assert.deepEqual(podsOf(world), ['waiting']);
});

test('of pods that ended the oldest beyond the limit go', () => {
  const world = worldWithHost();
  world.put(podResource, webPod('running', { ip: '10.0.0.1' }));
  for (const name of ['a', 'b', 'c', 'd']) {
    world.nowMs += 1000;
    world.put(podResource, webPod(name, { ip: '', phase: 'Succeeded' }));
  }
  world.settle(collector);
  assert.deepEqual(podsOf(world), ['running', 'c', 'd']);
});
