import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deployment, deploymentResource } from '#api/apps/deployment.ts';
import { type ReplicaSet, replicaSetResource } from '#api/apps/replica-set.ts';
import { podResource } from '#api/core/pod.ts';
import type { Draft } from '#api/object.ts';
import { deploymentController } from '#controllers/deployment.ts';
import { runAllPods } from '#controllers/pod-fixtures.ts';
import { isPodActive, isPodReady } from '#controllers/pod-state.ts';
import { replicaSetController } from '#controllers/replica-set.ts';
import { World } from '#reconcile/test-world.ts';

const KEY = 'shop/web';
const NAME = { namespace: 'shop', name: 'web' };
const REVISION = 'deployment.kubernetes.io/revision';

function web(
  spec: Partial<Deployment['spec']> = {},
  metadata: Partial<Deployment['metadata']> = {},
): Draft<Deployment> {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...NAME, ...metadata },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: template('web:1'), ...spec },
  };
}

function template(image: string): Deployment['spec']['template'] {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } };
}

function settle(world: World): void {
  world.settle(deploymentController, replicaSetController);
}

/** Lets hosts and controllers work until nothing moves; checks `invariant` in between. */
function rollOut(world: World, invariant: () => void = () => undefined): void {
  for (let round = 0; round < 50; round += 1) {
    world.nowMs += 1000;
    settle(world);
    invariant();
    runAllPods(world);
  }
  settle(world);
}

function conditionsOf(world: World): string[] {
  const { conditions = [] } = world.get(deploymentResource, NAME)?.status ?? {};
  return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
}

function sizesByImage(world: World): Record<string, number | undefined> {
  const entries = world
    .list(replicaSetResource)
    .map((set) => [set.spec.template.spec.containers[0]?.image, set.spec.replicas]);
  return Object.fromEntries(entries) as Record<string, number | undefined>;
}

function setOf(world: World, image: string): ReplicaSet | undefined {
  return world.list(replicaSetResource).find((set) => set.spec.template.spec.containers[0]?.image === image);
}

test('a new Deployment gets a ReplicaSet with hash, labels, owner, revision and an event', () => {
  const world = new World();
  const deployment = world.put(
    deploymentResource,
    web({ minReadySeconds: 5 }, { annotations: { team: 'blue' } }),
  );
  settle(world);
  const [set] = world.list(replicaSetResource);
  const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
  assert.match(hash, /^[bcdfghjklm]{1,10}$/);
  assert.equal(set?.metadata.name, `web-${hash}`);
  assert.deepEqual(set.metadata.labels, { app: 'web', 'pod-template-hash': hash });
  assert.deepEqual(set.spec.selector, { matchLabels: { app: 'web', 'pod-template-hash': hash } });
  assert.deepEqual(set.spec.template.metadata?.labels, { app: 'web', 'pod-template-hash': hash });
  assert.equal(set.spec.minReadySeconds, 5);
  assert.equal(set.metadata.ownerReferences?.[0]?.uid, deployment.metadata.uid);
  assert.deepEqual(set.metadata.annotations, {
    team: 'blue',
    [REVISION]: '1',
    'deployment.kubernetes.io/desired-replicas': '2',
    'deployment.kubernetes.io/max-replicas': '3',
  });
  assert.equal(world.get(deploymentResource, NAME)?.metadata.annotations?.[REVISION], '1');
  assert.equal(world.events[0], `ScalingReplicaSet Scaled up replica set web-${hash} to 2 from 0`);
  assert.deepEqual(conditionsOf(world), [
    'Progressing=True ReplicaSetUpdated',
    'Available=False MinimumReplicasUnavailable',
  ]);
});

test('a finished rollout says so in conditions and counts, and nothing more is planned', () => {
  const world = new World();
  world.put(deploymentResource, web());
  rollOut(world);
  assert.deepEqual(conditionsOf(world), [
    'Progressing=True NewReplicaSetAvailable',
    'Available=True MinimumReplicasAvailable',
  ]);
  const { conditions: _conditions, ...counts } = world.get(deploymentResource, NAME)?.status ?? {};
  assert.deepEqual(counts, {
    observedGeneration: 1,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
  });
  assert.deepEqual(world.plan(deploymentController, KEY), []);
});

test('the same snapshot gives the same plan', () => {
  const world = new World();
  world.put(deploymentResource, web());
  const first = JSON.stringify(world.plan(deploymentController, KEY));
  assert.equal(JSON.stringify(world.plan(deploymentController, KEY)), first);
});

for (const { replicas, maxSurge, maxUnavailable } of [
  { replicas: 4, maxSurge: 1, maxUnavailable: 0 },
  { replicas: 4, maxSurge: 0, maxUnavailable: 1 },
  { replicas: 10, maxSurge: '25%', maxUnavailable: '25%' },
  { replicas: 3, maxSurge: '100%', maxUnavailable: 0 },
  { replicas: 3, maxSurge: 0, maxUnavailable: '10%' },
  { replicas: 1, maxSurge: '25%', maxUnavailable: '25%' },
]) {
  test(`a rolling update of ${replicas} keeps within surge ${maxSurge} and unavailable ${maxUnavailable}`, () => {
    const world = new World();
    world.put(
      deploymentResource,
      web({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } }),
    );
    rollOut(world);
    world.patch(deploymentResource, NAME, { spec: { template: template('web:2') } });
    const surge =
      typeof maxSurge === 'number' ? maxSurge : Math.ceil((replicas * Number.parseInt(maxSurge)) / 100);
    const spare =
      typeof maxUnavailable === 'number'
        ? maxUnavailable
        : Math.floor((replicas * Number.parseInt(maxUnavailable)) / 100);
    rollOut(world, () => {
      const active = world.list(podResource).filter(isPodActive);
      assert.ok(active.length <= replicas + surge, `${active.length} pods`);
      const least = replicas - (surge === 0 && spare === 0 ? 1 : spare);
      assert.ok(active.filter(isPodReady).length >= least, `${active.filter(isPodReady).length} ready`);
    });
    assert.deepEqual(sizesByImage(world), { 'web:1': 0, 'web:2': replicas });
    assert.equal(world.get(deploymentResource, NAME)?.metadata.annotations?.[REVISION], '2');
    assert.deepEqual(conditionsOf(world)[0], 'Progressing=True NewReplicaSetAvailable');
    assert.deepEqual(world.plan(deploymentController, KEY), []);
  });
}

test('a rolling update stops while the new pods are not ready, and never removes the working ones', () => {
  const world = new World();
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } as const;
  world.put(deploymentResource, web({ replicas: 3, strategy }));
  rollOut(world);
  world.patch(deploymentResource, NAME, { spec: { template: template('web:broken') } });
  settle(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 3, 'web:broken': 1 });
});

test('old pods that are not ready go first', () => {
  const world = new World();
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } as const;
  world.put(deploymentResource, web({ replicas: 3, strategy }));
  settle(world);
  world.patch(deploymentResource, NAME, { spec: { template: template('web:2') } });
  world.nowMs += 1000;
  settle(world);
  world.patch(deploymentResource, NAME, { spec: { template: template('web:3') } });
  world.nowMs += 1000;
  settle(world);
  assert.equal(world.list(podResource).filter(isPodReady).length, 0);
  assert.equal(sizesByImage(world)['web:1'], 0);
});

test('the strategy Recreate starts nothing new while an old pod still stops', () => {
  const world = new World();
  world.put(deploymentResource, web({ strategy: { type: 'Recreate' } }));
  rollOut(world);
  world.patch(deploymentResource, NAME, { spec: { template: template('web:2') } });
  settle(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 0 });
  assert.equal(
    world.list(podResource).filter((pod) => pod.metadata.deletionTimestamp !== undefined).length,
    2,
  );
  rollOut(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 0, 'web:2': 2 });
  assert.deepEqual(conditionsOf(world)[0], 'Progressing=True NewReplicaSetAvailable');
});

test('going back to an earlier template uses its ReplicaSet again, as a new revision', () => {
  const world = new World();
  world.put(deploymentResource, web());
  rollOut(world);
  world.patch(deploymentResource, NAME, { spec: { template: template('web:2') } });
  rollOut(world);
  world.patch(deploymentResource, NAME, { spec: { template: template('web:1') } });
  rollOut(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 2, 'web:2': 0 });
  assert.equal(setOf(world, 'web:1')?.metadata.annotations?.[REVISION], '3');
  assert.equal(
    setOf(world, 'web:1')?.metadata.annotations?.['deployment.kubernetes.io/revision-history'],
    '1',
  );
  assert.equal(world.get(deploymentResource, NAME)?.metadata.annotations?.[REVISION], '3');
});

test('a revision beyond 2^53 is counted on exactly', () => {
  const world = new World();
  world.put(deploymentResource, web());
  rollOut(world);
  const set = setOf(world, 'web:1');
  assert.ok(set !== undefined);
  world.patch(
    replicaSetResource,
    { namespace: set.metadata.namespace, name: set.metadata.name },
    { metadata: { annotations: { [REVISION]: '3546343826724305832' } } },
  );
  world.patch(deploymentResource, NAME, { spec: { template: template('web:2') } });
  rollOut(world);
  assert.equal(world.get(deploymentResource, NAME)?.metadata.annotations?.[REVISION], '3546343826724305833');
});

test('the history keeps revisionHistoryLimit old ReplicaSets, the newest', () => {
  const world = new World();
  world.put(deploymentResource, web({ revisionHistoryLimit: 1 }));
  for (const image of ['web:1', 'web:2', 'web:3', 'web:4']) {
    world.patch(deploymentResource, NAME, { spec: { template: template(image) } });
    rollOut(world);
  }
  assert.deepEqual(sizesByImage(world), { 'web:3': 0, 'web:4': 2 });
});

test('a paused Deployment scales but does not roll, and says that it is paused', () => {
  const world = new World();
  world.put(deploymentResource, web());
  rollOut(world);
  world.patch(deploymentResource, NAME, { spec: { paused: true, replicas: 5, template: template('web:2') } });
  rollOut(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 5 });
  assert.equal(conditionsOf(world)[0], 'Progressing=Unknown DeploymentPaused');
  world.patch(deploymentResource, NAME, { spec: { paused: null } });
  rollOut(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 0, 'web:2': 5 });
  assert.equal(conditionsOf(world)[0], 'Progressing=True NewReplicaSetAvailable');
});

test('scaling alone makes no new revision', () => {
  const world = new World();
  world.put(deploymentResource, web());
  rollOut(world);
  world.patch(deploymentResource, NAME, { spec: { replicas: 7 } });
  rollOut(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 7 });
  assert.equal(conditionsOf(world)[0], 'Progressing=True NewReplicaSetAvailable');
  const set = setOf(world, 'web:1');
  assert.equal(set?.metadata.annotations?.['deployment.kubernetes.io/desired-replicas'], '7');
});

test('scaling in the middle of a rollout is shared out in proportion', () => {
  const world = new World();
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } as const;
  world.put(deploymentResource, web({ replicas: 10, strategy }));
  rollOut(world);
  world.patch(deploymentResource, NAME, { spec: { template: template('web:broken') } });
  settle(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 8, 'web:broken': 5 });
  world.patch(deploymentResource, NAME, { spec: { replicas: 15 } });
  settle(world);
  assert.deepEqual(sizesByImage(world), { 'web:1': 11, 'web:broken': 7 });
});

test('a rollout that does not move for its deadline is reported, and the plan comes back at that time', () => {
  const world = new World();
  world.put(deploymentResource, web({ progressDeadlineSeconds: 60 }));
  settle(world);
  const [wait] = world.plan(deploymentController, KEY);
  assert.deepEqual([wait?.type, wait?.type === 'requeue' && wait.afterMs], ['requeue', 61_000]);
  world.nowMs += 61_000;
  settle(world);
  assert.equal(conditionsOf(world)[0], 'Progressing=False ProgressDeadlineExceeded');
  assert.deepEqual(world.plan(deploymentController, KEY), []);
  rollOut(world);
  assert.equal(conditionsOf(world)[0], 'Progressing=True NewReplicaSetAvailable');
});

test('a name that is taken counts a collision and takes another', () => {
  const world = new World();
  world.put(deploymentResource, web());
  const create = world.plan(deploymentController, KEY).find((action) => action.type === 'create');
  const name = create?.object.metadata.name ?? '';
  const labels = { app: 'other' };
  const foreign = {
    ...web().spec,
    selector: { matchLabels: labels },
    template: { ...template('x'), metadata: { labels } },
  };
  world.put(replicaSetResource, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { namespace: 'shop', name, labels },
    spec: foreign,
  });
  settle(world);
  assert.equal(world.get(deploymentResource, NAME)?.status?.collisionCount, 1);
  assert.equal(world.list(replicaSetResource).length, 2);
  assert.notEqual(setOf(world, 'web:1')?.metadata.name, name);
});

test('an orphaned ReplicaSet with matching labels and template is adopted, not doubled', () => {
  const world = new World();
  world.put(deploymentResource, web());
  rollOut(world);
  world.remove(deploymentResource, NAME);
  const set = setOf(world, 'web:1');
  world.patch(
    replicaSetResource,
    { namespace: 'shop', name: set?.metadata.name ?? '' },
    { metadata: { ownerReferences: [] } },
  );
  const again = world.put(deploymentResource, web());
  rollOut(world);
  assert.equal(world.list(replicaSetResource).length, 1);
  assert.equal(setOf(world, 'web:1')?.metadata.ownerReferences?.[0]?.uid, again.metadata.uid);
});

test('a failure of the ReplicaSet shows at the Deployment and goes away with it', () => {
  const world = new World();
  world.put(deploymentResource, web());
  world.step(deploymentController, KEY);
  const name = world.list(replicaSetResource)[0]?.metadata.name ?? '';
  const failure = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: 'exceeded quota',
  };
  world.patchStatus(replicaSetResource, { namespace: 'shop', name }, { conditions: [failure] });
  world.step(deploymentController, KEY);
  assert.ok(conditionsOf(world).includes('ReplicaFailure=True FailedCreate'));
  rollOut(world);
  assert.ok(!conditionsOf(world).some((condition) => condition.startsWith('ReplicaFailure')));
});

test('a Deployment that is being deleted changes nothing but its status', () => {
  const world = new World();
  world.put(deploymentResource, web({}, { deletionTimestamp: 'x', finalizers: ['foregroundDeletion'] }));
  settle(world);
  assert.equal(world.list(replicaSetResource).length, 0);
});

test('labels that a user gave the hash key do not make a second revision', () => {
  const world = new World();
  world.put(deploymentResource, web());
  rollOut(world);
  const hash = setOf(world, 'web:1')?.metadata.labels?.['pod-template-hash'] ?? '';
  const labels = { app: 'web', 'pod-template-hash': hash };
  world.patch(deploymentResource, NAME, { spec: { template: { metadata: { labels } } } });
  rollOut(world);
  assert.equal(world.list(replicaSetResource).length, 1);
});
