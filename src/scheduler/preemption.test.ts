import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import { World } from '#reconcile/test-world.ts';
import { schedulerController } from '#scheduler/scheduler.ts';
import { testNode, testPod } from '#scheduler/test-hosts.ts';

interface Standing {
  readonly node: string;
  readonly priority: number;
  readonly cpu: string;
}

function worldOf(nodes: readonly string[], pods: Record<string, Standing>): World {
  const world = new World();
  for (const node of nodes) world.put(nodeResource, testNode(node));
  for (const [name, { node, priority, cpu }] of Object.entries(pods)) {
    world.put(podResource, {
      ...testPod(name, { requests: { cpu }, spec: { nodeName: node, priority } }),
      status: { phase: 'Running' },
    });
  }
  return world;
}

function putUrgent(world: World, spec: object = {}): void {
  world.put(podResource, testPod('urgent', { requests: { cpu: '3' }, spec: { priority: 100, ...spec } }));
}

function stopping(world: World): string[] {
  const pods = world.list(podResource).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  return pods.map(({ metadata }) => metadata.name).toSorted();
}

function urgent(world: World) {
  return world.get(podResource, { namespace: 'shop', name: 'urgent' });
}

const situations: {
  name: string;
  nodes: string[];
  pods: Record<string, Standing>;
  spec?: object;
  victims: string[];
}[] = [
  {
    name: 'a pod of lower priority goes',
    nodes: ['a'],
    pods: { low: { node: 'a', priority: 1, cpu: '4' } },
    victims: ['low'],
  },
  {
    name: 'one of equal priority stays',
    nodes: ['a'],
    pods: { same: { node: 'a', priority: 100, cpu: '4' } },
    victims: [],
  },
  {
    name: 'a pod that may not preempt waits',
    nodes: ['a'],
    pods: { low: { node: 'a', priority: 1, cpu: '4' } },
    spec: { preemptionPolicy: 'Never' },
    victims: [],
  },
  {
    name: 'no more go than need be, the least important',
    nodes: ['a'],
    pods: {
      low: { node: 'a', priority: 1, cpu: '2' },
      middle: { node: 'a', priority: 5, cpu: '1' },
      high: { node: 'a', priority: 9, cpu: '1' },
    },
    victims: ['low', 'middle'],
  },
  {
    name: 'the host whose most important victim is least important',
    nodes: ['a', 'b'],
    pods: {
      middle: { node: 'a', priority: 5, cpu: '4' },
      x: { node: 'b', priority: 1, cpu: '2' },
      y: { node: 'b', priority: 1, cpu: '2' },
    },
    victims: ['x', 'y'],
  },
  {
    name: 'nobody goes in vain',
    nodes: ['a'],
    pods: { low: { node: 'a', priority: 1, cpu: '1' }, high: { node: 'a', priority: 100, cpu: '3' } },
    victims: [],
  },
];

for (const { name, nodes, pods, spec, victims } of situations) {
  test(`preemption: ${name}`, () => {
    const world = worldOf(nodes, pods);
    putUrgent(world, spec);
    world.settle(schedulerController);
    assert.deepEqual(stopping(world), victims);
    assert.equal(urgent(world)?.spec.nodeName, undefined);
  });
}

test('the victim is told why, and the host is kept for the pod until it is free', () => {
  const world = worldOf(['a'], { low: { node: 'a', priority: 1, cpu: '4' } });
  putUrgent(world);
  world.settle(schedulerController);
  const victim = world.get(podResource, { namespace: 'shop', name: 'low' });
  assert.equal(victim?.status?.conditions?.[0]?.reason, 'PreemptionByScheduler');
  assert.ok(world.events.includes('Preempted Preempted by pod uid-urgent on node a'));
  assert.equal(urgent(world)?.status?.nominatedNodeName, 'a');
  world.put(podResource, testPod('sneaky', { requests: { cpu: '1' }, spec: { priority: 50 } }));
  world.put(podResource, testPod('sneaky-too', { requests: { cpu: '1' }, spec: { priority: 50 } }));
  world.settle(schedulerController);
  world.remove(podResource, { namespace: 'shop', name: 'low' });
  world.step(schedulerController, 'shop/sneaky');
  assert.equal(urgent(world)?.spec.nodeName, 'a');
  const others = world
    .list(podResource)
    .filter(({ metadata, spec }) => metadata.name.startsWith('sneaky') && spec.nodeName === 'a');
  assert.equal(others.length, 1);
});

test('a nomination that came to nothing is taken back', () => {
  const world = worldOf(['a'], { low: { node: 'a', priority: 1, cpu: '4' } });
  putUrgent(world);
  world.settle(schedulerController);
  world.remove(podResource, { namespace: 'shop', name: 'low' });
  world.put(nodeResource, testNode('a', { spec: { unschedulable: true } }));
  world.settle(schedulerController);
  assert.equal(urgent(world)?.status?.nominatedNodeName, undefined);
});
