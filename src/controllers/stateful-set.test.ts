import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controllerRevisionResource } from '#api/apps/controller-revision.ts';
import { type StatefulSet, statefulSetResource } from '#api/apps/stateful-set.ts';
import { persistentVolumeClaimResource } from '#api/core/persistent-volume-claim.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { Draft } from '#api/object.ts';
import { runAllPods, runPod } from '#controllers/pod-fixtures.ts';
import { statefulSetController } from '#controllers/stateful-set.ts';
import { World } from '#reconcile/test-world.ts';

const KEY = 'shop/db';
const NAME = { namespace: 'shop', name: 'db' };

function database(spec: Partial<StatefulSet['spec']> = {}): Draft<StatefulSet> {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: NAME,
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template('db:1'),
      ...spec,
    },
  };
}

function template(image: string): StatefulSet['spec']['template'] {
  return { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'main', image }] } };
}

const claimTemplates = [
  {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
] as unknown as NonNullable<StatefulSet['spec']['volumeClaimTemplates']>;

function podsOf(world: World): string[] {
  return world
    .list(podResource)
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

function imagesOf(world: World): Record<string, string | undefined> {
  const entries = world
    .list(podResource)
    .map(({ metadata, spec }) => [metadata.name, spec.containers[0]?.image]);
  return Object.fromEntries(entries.toSorted()) as Record<string, string | undefined>;
}

function podNamed(world: World, name: string): Pod {
  const pod = world.get(podResource, { namespace: 'shop', name });
  assert.ok(pod, `no pod ${name}`);
  return pod;
}

/** Lets hosts and the controller work until nothing moves; `watch` sees every state in between. */
function rollOut(world: World, watch: () => void = () => undefined): void {
  for (let round = 0; round < 30; round += 1) {
    world.nowMs += 1000;
    world.settle(statefulSetController);
    watch();
    runAllPods(world);
  }
  world.settle(statefulSetController);
}

test('pods are made one after the other, each with its name, DNS name and labels', () => {
  const world = new World();
  world.put(statefulSetResource, database());
  world.settle(statefulSetController);
  assert.deepEqual(podsOf(world), ['db-0']);
  const { metadata, spec } = podNamed(world, 'db-0');
  assert.deepEqual([spec.hostname, spec.subdomain], ['db-0', 'db']);
  assert.equal(metadata.labels?.['statefulset.kubernetes.io/pod-name'], 'db-0');
  assert.equal(metadata.labels['apps.kubernetes.io/pod-index'], '0');
  assert.match(metadata.labels['controller-revision-hash'] ?? '', /^db-\w+$/);
  runAllPods(world);
  world.settle(statefulSetController);
  assert.deepEqual(podsOf(world), ['db-0', 'db-1']);
  rollOut(world);
  assert.deepEqual(podsOf(world), ['db-0', 'db-1', 'db-2']);
  assert.deepEqual(world.plan(statefulSetController, KEY), []);
  assert.ok(world.events.includes('SuccessfulCreate create Pod db-0 in StatefulSet db successful'));
});

test('the status counts pods by revision', () => {
  const world = new World();
  world.put(statefulSetResource, database({ replicas: 2 }));
  rollOut(world);
  const { currentRevision, updateRevision, ...counts } = world.get(statefulSetResource, NAME)?.status ?? {};
  assert.equal(currentRevision, updateRevision);
  assert.deepEqual(counts, {
    observedGeneration: 1,
    replicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    currentReplicas: 2,
    updatedReplicas: 2,
  });
});

test('in parallel all pods are made at once', () => {
  const world = new World();
  world.put(statefulSetResource, database({ podManagementPolicy: 'Parallel' }));
  world.settle(statefulSetController);
  assert.deepEqual(podsOf(world), ['db-0', 'db-1', 'db-2']);
});

test('a lost pod comes back under its name before anything else goes on', () => {
  const world = new World();
  world.put(statefulSetResource, database());
  rollOut(world);
  world.remove(podResource, { namespace: 'shop', name: 'db-1' });
  world.patch(statefulSetResource, NAME, { spec: { replicas: 4 } });
  world.settle(statefulSetController);
  assert.deepEqual(podsOf(world), ['db-0', 'db-1', 'db-2']);
  rollOut(world);
  assert.deepEqual(podsOf(world), ['db-0', 'db-1', 'db-2', 'db-3']);
});

test('scaling down takes the highest, one at a time, and waits for a pod that is not ready', () => {
  const world = new World();
  world.put(statefulSetResource, database());
  rollOut(world);
  world.patch(statefulSetResource, NAME, { spec: { replicas: 1 } });
  world.settle(statefulSetController);
  const stopping = () =>
    world.list(podResource).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  assert.deepEqual(
    stopping().map(({ metadata }) => metadata.name),
    ['db-2'],
  );
  runPod(world, podNamed(world, 'db-0'), { ready: false });
  world.remove(podResource, { namespace: 'shop', name: 'db-2' });
  world.settle(statefulSetController);
  assert.deepEqual(stopping(), []);
  runPod(world, podNamed(world, 'db-0'));
  rollOut(world);
  assert.deepEqual(podsOf(world), ['db-0']);
});

test('an update goes from the highest ordinal down, one pod away at a time', () => {
  const world = new World();
  world.put(statefulSetResource, database());
  rollOut(world);
  world.patch(statefulSetResource, NAME, { spec: { template: template('db:2') } });
  const order: string[] = [];
  rollOut(world, () => {
    const pods = world.list(podResource);
    assert.ok(
      pods.filter(
        ({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase === 'Running',
      ).length >= 2,
    );
    for (const { metadata, spec } of pods) {
      if (spec.containers[0]?.image === 'db:2' && !order.includes(metadata.name)) order.push(metadata.name);
    }
  });
  assert.deepEqual(order, ['db-2', 'db-1', 'db-0']);
  assert.deepEqual(Object.values(imagesOf(world)), ['db:2', 'db:2', 'db:2']);
  const { currentRevision, updateRevision } = world.get(statefulSetResource, NAME)?.status ?? {};
  assert.equal(currentRevision, updateRevision);
});

test('pods below the partition keep, and come back at, the old revision', () => {
  const world = new World();
  world.put(statefulSetResource, database());
  rollOut(world);
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } as const;
  world.patch(statefulSetResource, NAME, { spec: { updateStrategy, template: template('db:2') } });
  rollOut(world);
  world.remove(podResource, { namespace: 'shop', name: 'db-0' });
  rollOut(world);
  assert.deepEqual(imagesOf(world), { 'db-0': 'db:1', 'db-1': 'db:1', 'db-2': 'db:2' });
  const status = world.get(statefulSetResource, NAME)?.status;
  assert.notEqual(status?.currentRevision, status?.updateRevision);
  assert.deepEqual([status?.currentReplicas, status?.updatedReplicas], [2, 1]);
});

test('with OnDelete a pod is updated when somebody deletes it', () => {
  const world = new World();
  world.put(statefulSetResource, database({ updateStrategy: { type: 'OnDelete' } }));
  rollOut(world);
  world.patch(statefulSetResource, NAME, { spec: { template: template('db:2') } });
  rollOut(world);
  world.remove(podResource, { namespace: 'shop', name: 'db-1' });
  rollOut(world);
  assert.deepEqual(imagesOf(world), { 'db-0': 'db:1', 'db-1': 'db:2', 'db-2': 'db:1' });
});

test('in parallel a broken revision is replaced, although its pods never became ready', () => {
  const world = new World();
  world.put(statefulSetResource, database({ podManagementPolicy: 'Parallel' }));
  world.settle(statefulSetController);
  for (const pod of world.list(podResource)) runPod(world, pod, { ready: false });
  world.patch(statefulSetResource, NAME, { spec: { template: template('db:2') } });
  rollOut(world);
  assert.deepEqual(Object.values(imagesOf(world)), ['db:2', 'db:2', 'db:2']);
});

test('a pod that ended is made again', () => {
  const world = new World();
  world.put(statefulSetResource, database({ replicas: 1 }));
  rollOut(world);
  const before = podNamed(world, 'db-0').metadata.uid;
  world.patchStatus(podResource, { namespace: 'shop', name: 'db-0' }, { phase: 'Failed' });
  rollOut(world);
  assert.notEqual(podNamed(world, 'db-0').metadata.uid, before);
  assert.ok(world.events.includes('RecreatingFailedPod StatefulSet shop/db is recreating failed Pod db-0'));
});

test('claims are made with the pod, mounted by their own name, and outlive it', () => {
  const world = new World();
  world.put(statefulSetResource, database({ replicas: 2, volumeClaimTemplates: claimTemplates }));
  rollOut(world);
  const claims = () => world.list(persistentVolumeClaimResource).map(({ metadata }) => metadata.name);
  assert.deepEqual(claims(), ['data-db-0', 'data-db-1']);
  const [volume] = podNamed(world, 'db-1').spec.volumes ?? [];
  assert.deepEqual(volume?.persistentVolumeClaim, { claimName: 'data-db-1' });
  world.patch(statefulSetResource, NAME, { spec: { replicas: 1 } });
  rollOut(world);
  assert.deepEqual(claims(), ['data-db-0', 'data-db-1']);
  assert.deepEqual(world.plan(statefulSetController, KEY), []);
});

test('the retention policy says whose the claims are', () => {
  const world = new World();
  const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Delete' } as const;
  const spec = { replicas: 2, volumeClaimTemplates: claimTemplates, persistentVolumeClaimRetentionPolicy };
  const set = world.put(statefulSetResource, database(spec));
  rollOut(world);
  const ownersOf = (name: string) =>
    world
      .get(persistentVolumeClaimResource, { namespace: 'shop', name })
      ?.metadata.ownerReferences?.map(({ uid }) => uid);
  assert.deepEqual([ownersOf('data-db-0'), ownersOf('data-db-1')], [[set.metadata.uid], [set.metadata.uid]]);
  const condemned = podNamed(world, 'db-1').metadata.uid;
  world.patch(statefulSetResource, NAME, { spec: { replicas: 1 } });
  rollOut(world);
  assert.deepEqual([ownersOf('data-db-0'), ownersOf('data-db-1')], [[set.metadata.uid], [condemned]]);
});

test('ordinals may start above 0', () => {
  const world = new World();
  world.put(statefulSetResource, database({ replicas: 2, ordinals: { start: 5 } }));
  rollOut(world);
  assert.deepEqual(podsOf(world), ['db-5', 'db-6']);
});

test('revisions are kept as patches that bring them back, and forgotten beyond the limit', () => {
  const world = new World();
  world.put(statefulSetResource, database({ replicas: 1, revisionHistoryLimit: 1 }));
  for (const image of ['db:1', 'db:2', 'db:3', 'db:4']) {
    world.patch(statefulSetResource, NAME, { spec: { template: template(image) } });
    rollOut(world);
  }
  const revisions = world.list(controllerRevisionResource);
  assert.deepEqual(
    revisions.map(({ revision }) => revision),
    [3, 4],
  );
  const data = revisions[1]?.data as unknown as { spec: { template: { $patch: string; spec: Pod['spec'] } } };
  assert.equal(data.spec.template.$patch, 'replace');
  assert.equal(data.spec.template.spec.containers[0]?.image, 'db:4');
  world.patch(statefulSetResource, NAME, { spec: { template: template('db:3') } });
  rollOut(world);
  assert.deepEqual(
    world
      .list(controllerRevisionResource)
      .map(({ revision }) => revision)
      .toSorted(),
    [4, 5],
  );
  assert.deepEqual(Object.values(imagesOf(world)), ['db:3']);
});

test('a set that is being deleted does nothing but count', () => {
  const world = new World();
  world.put(statefulSetResource, { ...database(), metadata: { ...NAME, deletionTimestamp: 'x' } });
  world.settle(statefulSetController);
  assert.deepEqual(podsOf(world), []);
});
