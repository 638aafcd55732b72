import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReplicaSet, replicaSetResource } from '#api/apps/replica-set.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { Draft } from '#api/object.ts';
import { runAllPods, runPod } from '#controllers/pod-fixtures.ts';
import { replicaSetController } from '#controllers/replica-set.ts';
import { World } from '#reconcile/test-world.ts';

const KEY = 'shop/web';
const NAME = { namespace: 'shop', name: 'web' };

function webSet(spec: Partial<ReplicaSet['spec']> = {}): Draft<ReplicaSet> {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: NAME,
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'web:1' }] } },
      ...spec,
    },
  };
}

function strayPod(name: string, metadata: Partial<Pod['metadata']> = {}): Draft<Pod> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name, labels: { app: 'web' }, ...metadata },
    spec: { containers: [{ name: 'main', image: 'web:1' }] },
  };
}

function typesOf(world: World): string[] {
  return world.plan(replicaSetController, KEY).map((action) => action.type);
}

test('missing pods are created from the template, named, labelled and owned, with an event each', () => {
  const world = new World();
  const set = world.put(replicaSetResource, webSet());
  world.settle(replicaSetController);
  const pods = world.list(podResource, { ownedBy: set.metadata.uid });
  assert.equal(pods.length, 3);
  for (const pod of pods) {
    assert.match(pod.metadata.name, /^web-[b-z2-9]{5}$/);
    assert.equal(pod.metadata.generateName, 'web-');
    assert.deepEqual(pod.metadata.labels, { app: 'web' });
    assert.deepEqual(pod.metadata.ownerReferences, [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: set.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    assert.ok(world.events.includes(`SuccessfulCreate Created pod: ${pod.metadata.name}`));
  }
  assert.deepEqual(world.get(replicaSetResource, NAME)?.status, {
    replicas: 3,
    fullyLabeledReplicas: 3,
    observedGeneration: 1,
  });
});

test('the same snapshot gives the same plan, and none once it is carried out', () => {
  const world = new World();
  world.put(replicaSetResource, webSet());
  assert.deepEqual(
    JSON.stringify(world.plan(replicaSetController, KEY)),
    JSON.stringify(world.plan(replicaSetController, KEY)),
  );
  world.settle(replicaSetController);
  assert.deepEqual(world.plan(replicaSetController, KEY), []);
});

test('a pod that ended or is being deleted is replaced and not counted', () => {
  const world = new World();
  world.put(replicaSetResource, webSet());
  world.settle(replicaSetController);
  runAllPods(world);
  const [first, second] = world.list(podResource);
  world.patchStatus(
    podResource,
    { namespace: 'shop', name: first?.metadata.name ?? '' },
    { phase: 'Failed' },
  );
  world.patch(
    podResource,
    { namespace: 'shop', name: second?.metadata.name ?? '' },
    { metadata: { deletionTimestamp: 'x' } },
  );
  world.nowMs += 1000;
  world.settle(replicaSetController);
  assert.equal(world.list(podResource).length, 5);
  assert.equal(world.get(replicaSetResource, NAME)?.status?.replicas, 3);
});

test('too many pods: the one that is not ready goes first', () => {
  const world = new World();
  world.put(replicaSetResource, webSet());
  world.settle(replicaSetController);
  const [first, second, third] = world.list(podResource);
  for (const pod of [first, second, third])
    if (pod !== undefined) runPod(world, pod, { ready: pod !== second });
  world.settle(replicaSetController);
  world.patch(replicaSetResource, NAME, { spec: { replicas: 2 } });
  world.settle(replicaSetController);
  const deleted = world.list(podResource).filter((pod) => pod.metadata.deletionTimestamp !== undefined);
  assert.deepEqual(
    deleted.map((pod) => pod.metadata.name),
    [second?.metadata.name],
  );
  assert.ok(world.events.includes(`SuccessfulDelete Deleted pod: ${second?.metadata.name}`));
});

test('an orphan that the selector matches is adopted and counts', () => {
  const world = new World();
  const set = world.put(replicaSetResource, webSet({ replicas: 1 }));
  world.put(podResource, strayPod('alone'));
  world.settle(replicaSetController);
  assert.deepEqual(
    world.list(podResource).map((pod) => pod.metadata.ownerReferences?.[0]?.uid),
    [set.metadata.uid],
  );
});

test('orphans of other namespaces, labels or owners are left alone', () => {
  const world = new World();
  const other = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'other', uid: 'other', controller: true };
  world.put(replicaSetResource, webSet({ replicas: 0 }));
  world.put(podResource, strayPod('elsewhere', { namespace: 'other' }));
  world.put(podResource, strayPod('unlike', { labels: { app: 'db' } }));
  world.put(podResource, strayPod('owned', { ownerReferences: [other] }));
  world.put(podResource, strayPod('going', { deletionTimestamp: 'x' }));
  world.settle(replicaSetController);
  assert.deepEqual(
    world.list(podResource).map((pod) => pod.metadata.ownerReferences?.[0]?.uid),
    [undefined, undefined, 'other', undefined],
  );
});

test('a pod whose labels were changed is released and replaced', () => {
  const world = new World();
  const set = world.put(replicaSetResource, webSet({ replicas: 1 }));
  world.settle(replicaSetController);
  const [pod] = world.list(podResource);
  const name = { namespace: 'shop', name: pod?.metadata.name ?? '' };
  world.patch(podResource, name, { metadata: { labels: { app: 'quarantine' } } });
  world.nowMs += 1000;
  world.settle(replicaSetController);
  assert.deepEqual(world.get(podResource, name)?.metadata.ownerReferences, []);
  assert.equal(world.list(podResource, { ownedBy: set.metadata.uid }).length, 1);
});

test('a set that is being deleted makes and adopts nothing', () => {
  const world = new World();
  world.put(replicaSetResource, {
    ...webSet(),
    metadata: { ...NAME, deletionTimestamp: 'x', finalizers: ['orphan'] },
  });
  world.put(podResource, strayPod('alone'));
  world.settle(replicaSetController);
  assert.equal(world.list(podResource).length, 1);
  assert.equal(world.list(podResource)[0]?.metadata.ownerReferences, undefined);
});

test('a ready pod is available only after minReadySeconds, and the plan comes back for it', () => {
  const world = new World();
  world.put(replicaSetResource, webSet({ replicas: 1, minReadySeconds: 10 }));
  world.settle(replicaSetController);
  runAllPods(world);
  world.settle(replicaSetController);
  assert.equal(world.get(replicaSetResource, NAME)?.status?.readyReplicas, 1);
  assert.equal(world.get(replicaSetResource, NAME)?.status?.availableReplicas, undefined);
  assert.deepEqual(typesOf(world), ['requeue']);
  world.nowMs += 10_000;
  world.settle(replicaSetController);
  assert.equal(world.get(replicaSetResource, NAME)?.status?.availableReplicas, 1);
  assert.deepEqual(typesOf(world), []);
});

test('a refused pod is told in an event and a condition, which goes away once the set is at its size', () => {
  const world = new World();
  world.put(replicaSetResource, webSet({ replicas: 1 }));
  const create = world.plan(replicaSetController, KEY).find((action) => action.type === 'create');
  for (const action of create?.refused?.('pods "x" is forbidden: exceeded quota') ?? [])
    world.apply(replicaSetController, action);
  assert.deepEqual(world.events, ['FailedCreate Error creating: pods "x" is forbidden: exceeded quota']);
  const condition = world.get(replicaSetResource, NAME)?.status?.conditions?.[0];
  assert.deepEqual(
    [condition?.type, condition?.status, condition?.reason],
    ['ReplicaFailure', 'True', 'FailedCreate'],
  );
  world.settle(replicaSetController);
  assert.equal(world.get(replicaSetResource, NAME)?.status?.conditions, undefined);
});

test('one plan creates at most 500 pods', () => {
  const world = new World();
  world.put(replicaSetResource, webSet({ replicas: 10_000 }));
  const creates = world.plan(replicaSetController, KEY).filter((action) => action.type === 'create');
  assert.equal(creates.length, 500);
});
