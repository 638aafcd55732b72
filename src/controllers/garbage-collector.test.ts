import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicaSetResource } from '#api/apps/replica-set.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import type { KubeObject, OwnerReference } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { garbageCollectors } from '#controllers/garbage-collector.ts';
import { KindRoster } from '#controllers/kind-roster.ts';
import { World } from '#reconcile/test-world.ts';

const TYPES = [configMapResource, podResource, replicaSetResource, nodeResource] as unknown as ResourceType[];
const collectors = garbageCollectors(new KindRoster(TYPES));
const mapType = configMapResource as unknown as ResourceType;

function settle(world: World): void {
  world.settle(...(collectors as never[]));
}

/** A ConfigMap `shop/NAME` with uid NAME: owners and dependents are all alike. */
function putMap(world: World, name: string, metadata: Partial<KubeObject['metadata']> = {}): void {
  world.put(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'shop', name, uid: name, ...metadata },
  });
}

function owner(name: string, more: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: name, ...more };
}

function mapsOf(world: World): string[] {
  return world
    .list(configMapResource)
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

const deleting = (finalizer: string) => ({
  deletionTimestamp: '2026-01-01T00:00:00Z',
  finalizers: [finalizer],
});

const situations: {
  name: string;
  maps: Record<string, Partial<KubeObject['metadata']>>;
  /** What is there once all is done. */
  left: string[];
}[] = [
  {
    name: 'an owner that is there keeps its dependent',
    maps: { a: {}, b: { ownerReferences: [owner('a')] } },
    left: ['a', 'b'],
  },
  {
    name: 'an owner that is gone takes its dependent along',
    maps: { b: { ownerReferences: [owner('a')] } },
    left: [],
  },
  {
    name: 'a namesake of the owner is not the owner',
    maps: { a: { uid: 'another' }, b: { ownerReferences: [owner('a')] } },
    left: ['a'],
  },
  {
    name: 'one of several owners is enough',
    maps: { a: {}, c: { ownerReferences: [owner('a'), owner('b')] } },
    left: ['a', 'c'],
  },
  {
    name: 'an owner of an unknown kind is presumed to be there',
    maps: { b: { ownerReferences: [owner('a', { apiVersion: 'example.com/v1', kind: 'Thing' })] } },
    left: ['b'],
  },
  {
    name: 'the version of the owner does not matter',
    maps: { a: {}, b: { ownerReferences: [owner('a', { apiVersion: 'v2' })] } },
    left: ['a', 'b'],
  },
  {
    name: 'a chain goes from the top',
    maps: {
      b: { ownerReferences: [owner('a')] },
      c: { ownerReferences: [owner('b')] },
      d: { ownerReferences: [owner('c')] },
    },
    left: [],
  },
  {
    name: 'foreground: blocking dependents go before their owner',
    maps: {
      a: deleting('foregroundDeletion'),
      b: { ownerReferences: [owner('a', { blockOwnerDeletion: true })] },
    },
    left: [],
  },
  {
    name: 'foreground: a dependent with another owner stays, without the first',
    maps: {
      a: deleting('foregroundDeletion'),
      b: {},
      c: { ownerReferences: [owner('a', { blockOwnerDeletion: true }), owner('b')] },
    },
    left: ['b', 'c'],
  },
  {
    name: 'foreground: another finalizer of a dependent keeps both',
    maps: {
      a: deleting('foregroundDeletion'),
      b: { finalizers: ['example.com/wait'], ownerReferences: [owner('a', { blockOwnerDeletion: true })] },
    },
    left: ['a', 'b'],
  },
  {
    name: 'foreground: a chain goes from the bottom',
    maps: {
      a: deleting('foregroundDeletion'),
      b: { ownerReferences: [owner('a', { blockOwnerDeletion: true })] },
      c: { ownerReferences: [owner('b', { blockOwnerDeletion: true })] },
    },
    left: [],
  },
  {
    name: 'foreground: a circle goes too',
    maps: {
      a: { ...deleting('foregroundDeletion'), ownerReferences: [owner('b', { blockOwnerDeletion: true })] },
      b: { ownerReferences: [owner('a', { blockOwnerDeletion: true })] },
    },
    left: [],
  },
  {
    name: 'orphan: dependents stay, without the owner',
    maps: { a: deleting('orphan'), b: { ownerReferences: [owner('a')] } },
    left: ['b'],
  },
  {
    name: 'a circle of those who are there stays',
    maps: { a: { ownerReferences: [owner('b')] }, b: { ownerReferences: [owner('a')] } },
    left: ['a', 'b'],
  },
];

for (const { name, maps, left } of situations) {
  test(`garbage collection: ${name}`, () => {
    const world = new World();
    for (const [map, metadata] of Object.entries(maps)) putMap(world, map, metadata);
    settle(world);
    assert.deepEqual(mapsOf(world), left);
  });
}

test('an owner in another namespace does not count, and an event says so', () => {
  const world = new World();
  putMap(world, 'a', { namespace: 'other' });
  putMap(world, 'b', { ownerReferences: [owner('a')] });
  settle(world);
  assert.deepEqual(mapsOf(world), ['a']);
  assert.deepEqual(world.events, [
    'OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, name: a, uid: a] does not exist in namespace "shop"',
  ]);
});

test('a cluster-scoped owner keeps a dependent in a namespace', () => {
  const world = new World();
  world.put(nodeResource, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a', uid: 'a' }, spec: {} });
  putMap(world, 'b', { ownerReferences: [owner('a', { kind: 'Node' })] });
  settle(world);
  assert.deepEqual(mapsOf(world), ['b']);
});

test('the server is asked for the owner before a dependent is deleted', () => {
  const world = new World();
  putMap(world, 'b', { ownerReferences: [owner('a')] });
  const collector = collectors.find(({ name }) => name === 'garbage-collector-configmaps');
  assert.ok(collector);
  const [action] = world.plan(collector, 'shop/b');
  assert.deepEqual(action?.type === 'delete' && action.unless, [
    { resource: mapType, name: { namespace: 'shop', name: 'a' }, uid: 'a' },
  ]);
});
