import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controllerRevisionResource } from '#api/apps/controller-revision.ts';
import { type DaemonSet, daemonSetResource } from '#api/apps/daemon-set.ts';
import { type Node, nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import type { Draft } from '#api/object.ts';
import { targetNode } from '#controllers/daemon-set/placement.ts';
import { daemonSetController } from '#controllers/daemon-set.ts';
import { runPod } from '#controllers/pod-fixtures.ts';
import { isPodReady } from '#controllers/pod-state.ts';
import { World } from '#reconcile/test-world.ts';

const KEY = 'shop/agent';
const NAME = { namespace: 'shop', name: 'agent' };

function agent(spec: Partial<DaemonSet['spec']> = {}): Draft<DaemonSet> {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: NAME,
    spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent:1'), ...spec },
  };
}

function template(
  image: string,
  spec: Partial<DaemonSet['spec']['template']['spec']> = {},
): DaemonSet['spec']['template'] {
  return { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'main', image }], ...spec } };
}

function putNode(
  world: World,
  name: string,
  { labels = {}, spec = {} }: { labels?: Record<string, string>; spec?: Node['spec'] } = {},
): void {
  world.put(nodeResource, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec });
}

function worldOf(...nodes: string[]): World {
  const world = new World();
  for (const node of nodes) putNode(world, node);
  return world;
}

/** Image by node. */
function imagesOf(world: World): Record<string, string | undefined> {
  const entries = world.list(podResource).map((pod) => [targetNode(pod), pod.spec.containers[0]?.image]);
  return Object.fromEntries(entries.toSorted()) as Record<string, string | undefined>;
}

function rollOut(world: World, watch: () => void = () => undefined): void {
  for (let round = 0; round < 20; round += 1) {
    world.nowMs += 1000;
    world.settle(daemonSetController);
    watch();
    for (const pod of world.list(podResource)) {
      const name = { namespace: 'shop', name: pod.metadata.name };
      if (pod.metadata.deletionTimestamp !== undefined) world.remove(podResource, name);
      else if ((pod.status?.phase ?? 'Pending') === 'Pending')
        runPod(world, pod, { node: targetNode(pod) ?? '' });
    }
  }
  world.settle(daemonSetController);
}

test('every node gets a pod that can go nowhere else', () => {
  const world = worldOf('a', 'b');
  world.put(daemonSetResource, agent());
  rollOut(world);
  assert.deepEqual(imagesOf(world), { a: 'agent:1', b: 'agent:1' });
  const [pod] = world.list(podResource);
  assert.deepEqual(pod?.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution, {
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
  });
  assert.ok(pod.spec.tolerations?.some(({ key }) => key === 'node.kubernetes.io/unschedulable'));
  assert.deepEqual(world.plan(daemonSetController, KEY), []);
  assert.deepEqual(world.get(daemonSetResource, NAME)?.status, {
    currentNumberScheduled: 2,
    desiredNumberScheduled: 2,
    numberMisscheduled: 0,
    numberReady: 2,
    numberAvailable: 2,
    updatedNumberScheduled: 2,
    observedGeneration: 1,
  });
});

test('nodes that come get a pod, pods of nodes that go are deleted', () => {
  const world = worldOf('a');
  world.put(daemonSetResource, agent());
  rollOut(world);
  putNode(world, 'b');
  world.remove(nodeResource, { name: 'a' });
  rollOut(world);
  assert.deepEqual(imagesOf(world), { b: 'agent:1' });
});

test('node selector and affinity choose the nodes, and labels that change do so again', () => {
  const world = worldOf('a');
  putNode(world, 'b', { labels: { disk: 'ssd' } });
  world.put(daemonSetResource, agent({ template: template('agent:1', { nodeSelector: { disk: 'ssd' } }) }));
  rollOut(world);
  assert.deepEqual(imagesOf(world), { b: 'agent:1' });
  putNode(world, 'a', { labels: { disk: 'ssd' } });
  putNode(world, 'b');
  rollOut(world);
  assert.deepEqual(imagesOf(world), { a: 'agent:1' });
});

test('taints: NoSchedule keeps new pods away, NoExecute removes old ones, cordons do neither', () => {
  const world = worldOf('a');
  putNode(world, 'cordoned', {
    spec: {
      unschedulable: true,
      taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
    },
  });
  putNode(world, 'tainted', { spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } });
  world.put(daemonSetResource, agent());
  rollOut(world);
  assert.deepEqual(imagesOf(world), { a: 'agent:1', cordoned: 'agent:1' });
  putNode(world, 'a', { spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } });
  rollOut(world);
  assert.deepEqual(imagesOf(world), { a: 'agent:1', cordoned: 'agent:1' });
  assert.equal(world.get(daemonSetResource, NAME)?.status?.numberMisscheduled, 1);
  putNode(world, 'a', { spec: { taints: [{ key: 'gpu', effect: 'NoExecute' }] } });
  rollOut(world);
  assert.deepEqual(imagesOf(world), { cordoned: 'agent:1' });
});

test('an update replaces pods while at most maxUnavailable nodes are without', () => {
  const world = worldOf('a', 'b', 'c', 'd');
  world.put(
    daemonSetResource,
    agent({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%' } } }),
  );
  rollOut(world);
  world.patch(daemonSetResource, NAME, { spec: { template: template('agent:2') } });
  rollOut(world, () => {
    const up = world
      .list(podResource)
      .filter((pod) => pod.metadata.deletionTimestamp === undefined && isPodReady(pod));
    assert.ok(up.length >= 2, `${up.length} ready`);
  });
  assert.deepEqual(Object.values(imagesOf(world)), ['agent:2', 'agent:2', 'agent:2', 'agent:2']);
  assert.deepEqual(world.plan(daemonSetController, KEY), []);
});

test('an update with surge has the new pod ready before the old one goes', () => {
  const world = worldOf('a', 'b');
  world.put(
    daemonSetResource,
    agent({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
  );
  rollOut(world);
  world.patch(daemonSetResource, NAME, { spec: { template: template('agent:2') } });
  rollOut(world, () => {
    const up = world
      .list(podResource)
      .filter((pod) => pod.metadata.deletionTimestamp === undefined && isPodReady(pod));
    assert.equal(new Set(up.map(targetNode)).size, 2);
    assert.ok(
      world.list(podResource).filter(({ metadata }) => metadata.deletionTimestamp === undefined).length <= 3,
    );
  });
  assert.deepEqual(imagesOf(world), { a: 'agent:2', b: 'agent:2' });
});

test('with OnDelete a pod is updated when somebody deletes it', () => {
  const world = worldOf('a', 'b');
  world.put(daemonSetResource, agent({ updateStrategy: { type: 'OnDelete' } }));
  rollOut(world);
  world.patch(daemonSetResource, NAME, { spec: { template: template('agent:2') } });
  rollOut(world);
  assert.deepEqual(imagesOf(world), { a: 'agent:1', b: 'agent:1' });
  const [first] = world.list(podResource);
  world.remove(podResource, { namespace: 'shop', name: first?.metadata.name ?? '' });
  rollOut(world);
  assert.deepEqual(Object.values(imagesOf(world)).toSorted(), ['agent:1', 'agent:2']);
});

test('a pod that failed is replaced, but not at once', () => {
  const world = worldOf('a');
  world.put(daemonSetResource, agent());
  rollOut(world);
  const [pod] = world.list(podResource);
  const name = { namespace: 'shop', name: pod?.metadata.name ?? '' };
  world.remove(podResource, name);
  world.settle(daemonSetController);
  const [fresh] = world.list(podResource);
  world.patchStatus(
    podResource,
    { namespace: 'shop', name: fresh?.metadata.name ?? '' },
    { phase: 'Failed' },
  );
  const actions = world.step(daemonSetController, KEY);
  assert.ok(actions.some((action) => action.type === 'requeue' && action.afterMs === 10_000));
  assert.ok(!actions.some(({ type }) => type === 'delete'));
  rollOut(world);
  assert.deepEqual(
    world.list(podResource).map(({ status }) => status?.phase),
    ['Running'],
  );
});

test('of several pods on a node the oldest stays', () => {
  const world = worldOf('a');
  const set = world.put(daemonSetResource, agent());
  rollOut(world);
  const [oldest] = world.list(podResource);
  assert.ok(oldest);
  const reference = oldest.metadata.ownerReferences ?? [];
  const { labels = {} } = oldest.metadata;
  world.nowMs += 1000;
  world.put(podResource, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'second', labels, ownerReferences: reference },
    spec: { ...oldest.spec, nodeName: 'a' },
    status: { phase: 'Running' },
  });
  rollOut(world);
  assert.deepEqual(
    world.list(podResource).map(({ metadata }) => metadata.name),
    [oldest.metadata.name],
  );
  assert.equal(reference[0]?.uid, set.metadata.uid);
});

test('revisions beyond the limit are forgotten', () => {
  const world = worldOf('a');
  world.put(daemonSetResource, agent({ revisionHistoryLimit: 1 }));
  for (const image of ['agent:1', 'agent:2', 'agent:3']) {
    world.patch(daemonSetResource, NAME, { spec: { template: template(image) } });
    rollOut(world);
  }
  assert.deepEqual(
    world.list(controllerRevisionResource).map(({ revision }) => revision),
    [2, 3],
  );
});
