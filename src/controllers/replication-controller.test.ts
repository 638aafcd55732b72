import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, podResource } from '#api/core/pod.ts';
import {
  type ReplicationController,
  replicationControllerResource,
} from '#api/core/replication-controller.ts';
import type { Draft } from '#api/object.ts';
import { runAllPods } from '#controllers/pod-fixtures.ts';
import { replicationController } from '#controllers/replication-controller.ts';
import { World } from '#reconcile/test-world.ts';

const NAME = { namespace: 'shop', name: 'old' };
const LABELS = { app: 'old' };

function controller(spec: Partial<ReplicationController['spec']> = {}): Draft<ReplicationController> {
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: NAME,
    spec: {
      replicas: 2,
      selector: LABELS,
      template: { metadata: { labels: LABELS }, spec: { containers: [{ name: 'main', image: 'old:1' }] } },
      ...spec,
    },
  };
}

const stray: Draft<Pod> = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'stray', labels: LABELS },
  spec: { containers: [{ name: 'main', image: 'old:1' }] },
};

test('pods are made, adopted and owned by the ReplicationController, and its status counts them', () => {
  const world = new World();
  const { metadata } = world.put(replicationControllerResource, controller());
  world.put(podResource, stray);
  world.settle(replicationController);
  const pods = world.list(podResource, { ownedBy: metadata.uid });
  assert.equal(pods.length, 2);
  assert.ok(pods.some((pod) => pod.metadata.name === 'stray'));
  for (const { metadata: made } of pods)
    assert.deepEqual(
      made.ownerReferences?.map(({ apiVersion, kind, controller: isController }) => [
        apiVersion,
        kind,
        isController,
      ]),
      [['v1', 'ReplicationController', true]],
    );
  runAllPods(world);
  world.settle(replicationController);
  assert.deepEqual(world.get(replicationControllerResource, NAME)?.status, {
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    observedGeneration: 1,
  });
});

test('too many pods are deleted, and one whose labels changed is released and replaced', () => {
  const world = new World();
  const { metadata } = world.put(replicationControllerResource, controller());
  world.settle(replicationController);
  const [first] = world.list(podResource);
  const name = { namespace: 'shop', name: first?.metadata.name ?? '' };
  world.patch(podResource, name, { metadata: { labels: { app: 'other' } } });
  world.settle(replicationController);
  assert.equal(world.get(podResource, name)?.metadata.ownerReferences?.length ?? 0, 0);
  assert.equal(world.list(podResource, { ownedBy: metadata.uid }).length, 2);
  world.patch(replicationControllerResource, NAME, { spec: { replicas: 0 } });
  world.settle(replicationController);
  const left = world.list(podResource).filter((pod) => pod.metadata.deletionTimestamp === undefined);
  assert.deepEqual(
    left.map((pod) => pod.metadata.name),
    [name.name],
  );
});
