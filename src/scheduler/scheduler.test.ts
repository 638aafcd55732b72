import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeResource } from '#api/core/node.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { World } from '#reconcile/test-world.ts';
import { schedulerController } from '#scheduler/scheduler.ts';
import { testNode, testPod } from '#scheduler/test-hosts.ts';

function hostsOf(world: World): Record<string, string | undefined> {
  return Object.fromEntries(
    world.list(podResource).map(({ metadata, spec }) => [metadata.name, spec.nodeName]),
  );
}

function podNamed(world: World, name: string): Pod | undefined {
  return world.get(podResource, { namespace: 'shop', name });
}

test('a pod is bound to a host that fits, with an event', () => {
  const world = new World();
  world.put(nodeResource, testNode('a'));
  world.put(podResource, testPod('web'));
  world.settle(schedulerController);
  assert.deepEqual(hostsOf(world), { web: 'a' });
  assert.deepEqual(world.events, ['Scheduled Successfully assigned shop/web to a']);
});

test('pods of one plan do not get the same room twice', () => {
  const world = new World();
  world.put(nodeResource, testNode('a'));
  world.put(nodeResource, testNode('b'));
  for (let i = 0; i < 10; i += 1) world.put(podResource, testPod(`web-${i}`));
  const actions = world.step(schedulerController, 'shop/web-0');
  assert.equal(actions.filter(({ type }) => type === 'bind').length, 8);
  const hosts = Object.values(hostsOf(world)).toSorted();
  assert.deepEqual(hosts.filter((host) => host === 'a').length, 4);
  assert.deepEqual(hosts.filter((host) => host === 'b').length, 4);
});

test('of pods that wait together the one of higher priority chooses first', () => {
  const world = new World();
  world.put(nodeResource, testNode('a'));
  world.put(podResource, testPod('low', { requests: { cpu: '4' } }));
  world.put(podResource, testPod('high', { requests: { cpu: '4' }, spec: { priority: 10 } }));
  world.step(schedulerController, 'shop/low');
  assert.deepEqual(hostsOf(world), { low: undefined, high: 'a' });
});

test('a pod that fits nowhere says why, once, and is bound when there is room', () => {
  const world = new World();
  world.put(nodeResource, testNode('a', { spec: { unschedulable: true } }));
  world.put(podResource, testPod('web'));
  world.settle(schedulerController);
  const [condition] = podNamed(world, 'web')?.status?.conditions ?? [];
  assert.deepEqual(condition, {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: '0/1 nodes are available: 1 node(s) were unschedulable.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  assert.deepEqual(world.events, ['FailedScheduling 0/1 nodes are available: 1 node(s) were unschedulable.']);
  world.put(nodeResource, testNode('a'));
  world.settle(schedulerController);
  assert.equal(podNamed(world, 'web')?.spec.nodeName, 'a');
});

test('pods of other schedulers, behind gates, ended or being deleted are left alone', () => {
  const world = new World();
  world.put(nodeResource, testNode('a'));
  world.put(podResource, testPod('other', { spec: { schedulerName: 'other' } }));
  world.put(podResource, testPod('gated', { spec: { schedulingGates: [{ name: 'wait' }] } }));
  world.put(podResource, { ...testPod('ended'), status: { phase: 'Failed' } });
  const going = testPod('going');
  world.put(podResource, { ...going, metadata: { ...going.metadata, deletionTimestamp: 'x' } });
  world.settle(schedulerController);
  assert.deepEqual(Object.values(hostsOf(world)), [undefined, undefined, undefined, undefined]);
});

test('a pod that ended takes no room', () => {
  const world = new World();
  world.put(nodeResource, testNode('a'));
  world.put(podResource, {
    ...testPod('done', { requests: { cpu: '4' }, spec: { nodeName: 'a' } }),
    status: { phase: 'Succeeded' },
  });
  world.put(podResource, testPod('web', { requests: { cpu: '4' } }));
  world.settle(schedulerController);
  assert.equal(podNamed(world, 'web')?.spec.nodeName, 'a');
});

test('spreading holds within one plan', () => {
  const world = new World();
  for (const name of ['a', 'b', 'c']) world.put(nodeResource, testNode(name));
  const spec = {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'DoNotSchedule' as const,
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
  };
  for (let i = 0; i < 9; i += 1)
    world.put(podResource, testPod(`web-${i}`, { spec, labels: { app: 'web' }, requests: {} }));
  world.step(schedulerController, 'shop/web-0');
  const hosts = Object.values(hostsOf(world));
  for (const name of ['a', 'b', 'c']) assert.equal(hosts.filter((host) => host === name).length, 3);
});

test('anti-affinity holds within one plan', () => {
  const world = new World();
  for (const name of ['a', 'b']) world.put(nodeResource, testNode(name));
  const term = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' };
  const spec = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
  for (let i = 0; i < 3; i += 1)
    world.put(podResource, testPod(`web-${i}`, { spec, labels: { app: 'web' } }));
  world.settle(schedulerController);
  assert.deepEqual(Object.values(hostsOf(world)).toSorted(), ['a', 'b', undefined]);
});

test('the same snapshot gives the same plan', () => {
  const world = new World();
  for (const name of ['a', 'b']) world.put(nodeResource, testNode(name));
  for (let i = 0; i < 5; i += 1) world.put(podResource, testPod(`web-${i}`));
  const plan = () => JSON.stringify(world.plan(schedulerController, 'shop/web-0'));
  assert.equal(plan(), plan());
});
