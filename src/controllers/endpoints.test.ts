import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointsResource } from '#api/core/endpoints.ts';
import { podResource } from '#api/core/pod.ts';
import { serviceResource } from '#api/core/service.ts';
import { endpointsController } from '#controllers/endpoints.ts';
import { webPod, webService } from '#controllers/service-fixtures.ts';
import { World } from '#reconcile/test-world.ts';

const NAME = { namespace: 'shop', name: 'web' };

test('ready and other pods stand apart, ended and stopping ones nowhere', () => {
  const world = new World();
  world.put(serviceResource, webService());
  world.put(podResource, webPod('a', { ip: '10.0.0.1' }));
  world.put(podResource, webPod('b', { ip: '10.0.0.2', ready: false }));
  world.put(podResource, webPod('c', { ip: '10.0.0.3', phase: 'Failed' }));
  world.put(podResource, webPod('d', { ip: '10.0.0.4', metadata: { deletionTimestamp: 'x' } }));
  world.settle(endpointsController);
  const endpoints = world.get(endpointsResource, NAME);
  assert.deepEqual(endpoints?.metadata.labels, {
    team: 'blue',
    'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
  });
  const reference = (name: string) => ({ kind: 'Pod', namespace: 'shop', name, uid: `uid-${name}` });
  assert.deepEqual(endpoints.subsets, [
    {
      addresses: [{ ip: '10.0.0.1', nodeName: 'host-a', targetRef: reference('a') }],
      notReadyAddresses: [{ ip: '10.0.0.2', nodeName: 'host-a', targetRef: reference('b') }],
      ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
    },
  ]);
  assert.deepEqual(world.plan(endpointsController, 'shop/web'), []);
});

test('Endpoints go with their Service, but only if they were made here', () => {
  const world = new World();
  world.put(serviceResource, webService());
  world.settle(endpointsController);
  world.put(endpointsResource, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { namespace: 'shop', name: 'by-hand' },
  });
  world.remove(serviceResource, NAME);
  world.step(endpointsController, 'shop/web');
  world.step(endpointsController, 'shop/by-hand');
  assert.deepEqual(
    world.list(endpointsResource).map(({ metadata }) => metadata.name),
    ['by-hand'],
  );
});

test('more addresses than an object holds are cut, and an annotation says so', () => {
  const world = new World();
  world.put(serviceResource, webService());
  for (let i = 0; i < 1001; i += 1)
    world.put(podResource, webPod(`p${i}`, { ip: `10.0.${i >> 8}.${i & 255}` }));
  world.settle(endpointsController);
  const endpoints = world.get(endpointsResource, NAME);
  assert.equal(endpoints?.subsets?.[0]?.addresses?.length, 1000);
  assert.equal(endpoints?.metadata.annotations?.['endpoints.kubernetes.io/over-capacity'], 'truncated');
  world.remove(podResource, { namespace: 'shop', name: 'p0' });
  world.settle(endpointsController);
  assert.equal(
    world.get(endpointsResource, NAME)?.metadata.annotations?.['endpoints.kubernetes.io/over-capacity'],
    undefined,
  );
});

test('a headless Service without ports lists addresses without ports', () => {
  const world = new World();
  world.put(serviceResource, webService({ clusterIP: 'None', ports: [] }));
  world.put(podResource, webPod('a', { ip: '10.0.0.1' }));
  world.settle(endpointsController);
  assert.deepEqual(Object.keys(world.get(endpointsResource, NAME)?.subsets?.[0] ?? {}), ['addresses']);
});
