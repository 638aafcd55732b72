import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import { serviceResource } from '#api/core/service.ts';
import { type EndpointSlice, endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import { endpointSliceController } from '#controllers/endpoint-slice.ts';
import { webPod, webService } from '#controllers/service-fixtures.ts';
import { World } from '#reconcile/test-world.ts';

const KEY = 'shop/web';

function slicesOf(world: World): EndpointSlice[] {
  return world.list(endpointSliceResource);
}

function addressesOf(world: World): string[] {
  return slicesOf(world).flatMap(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses));
}

function settled(prepare: (world: World) => void): World {
  const world = new World();
  prepare(world);
  world.settle(endpointSliceController);
  assert.deepEqual(world.plan(endpointSliceController, KEY), []);
  return world;
}

test('a ready pod is listed with its port by name, node, zone and reference', () => {
  const world = settled((w) => {
    const metadata = { name: 'host-a', labels: { 'topology.kubernetes.io/zone': 'north' } };
    w.put(nodeResource, { apiVersion: 'v1', kind: 'Node', metadata, spec: {} });
    w.put(serviceResource, webService());
    w.put(podResource, webPod('a', { ip: '10.0.0.1' }));
  });
  const [slice] = slicesOf(world);
  assert.match(slice?.metadata.name ?? '', /^web-[b-z2-9]{5}$/);
  assert.deepEqual(slice?.metadata.labels, {
    team: 'blue',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  });
  assert.equal(slice.metadata.ownerReferences?.[0]?.kind, 'Service');
  assert.equal(slice.addressType, 'IPv4');
  assert.deepEqual(slice.ports, [{ name: 'web', port: 8080, protocol: 'TCP' }]);
  assert.deepEqual(slice.endpoints, [
    {
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'host-a',
      targetRef: { kind: 'Pod', namespace: 'shop', name: 'a', uid: 'uid-a' },
      zone: 'north',
    },
  ]);
});

for (const { name, pod, spec, expected } of [
  {
    name: 'not ready',
    pod: { ready: false },
    spec: {},
    expected: { ready: false, serving: false, terminating: false },
  },
  {
    name: 'not ready, but published all the same',
    pod: { ready: false },
    spec: { publishNotReadyAddresses: true },
    expected: { ready: true, serving: false, terminating: false },
  },
  {
    name: 'ready, and being deleted',
    pod: { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } },
    spec: {},
    expected: { ready: false, serving: true, terminating: true },
  },
]) {
  test(`conditions of a pod that is ${name}`, () => {
    const world = settled((w) => {
      w.put(serviceResource, webService(spec));
      w.put(podResource, webPod('a', { ip: '10.0.0.1', ...pod }));
    });
    assert.deepEqual(slicesOf(world)[0]?.endpoints?.[0]?.conditions, expected);
  });
}

test('pods that ended, have no address or other labels are not listed', () => {
  const world = settled((w) => {
    w.put(serviceResource, webService());
    w.put(podResource, webPod('ended', { ip: '10.0.0.1', phase: 'Succeeded' }));
    w.put(podResource, webPod('starting', { ip: '' }));
    w.put(podResource, webPod('other', { ip: '10.0.0.3', metadata: { labels: { app: 'db' } } }));
  });
  assert.deepEqual(addressesOf(world), []);
  assert.equal(slicesOf(world).length, 1);
});

test('the slice of a Service without pods is taken when one comes, and kept when it goes', () => {
  const world = settled((w) => w.put(serviceResource, webService()));
  const name = slicesOf(world)[0]?.metadata.name;
  world.put(podResource, webPod('a', { ip: '10.0.0.1' }));
  world.settle(endpointSliceController);
  assert.deepEqual(
    slicesOf(world).map(({ metadata }) => metadata.name),
    [name],
  );
  assert.deepEqual(addressesOf(world), ['10.0.0.1']);
  world.remove(podResource, { namespace: 'shop', name: 'a' });
  world.settle(endpointSliceController);
  assert.deepEqual(
    slicesOf(world).map(({ metadata }) => metadata.name),
    [name],
  );
  assert.deepEqual(addressesOf(world), []);
});

test('at most 100 endpoints a slice, and a change touches one slice only', () => {
  const world = settled((w) => {
    w.put(serviceResource, webService());
    for (let i = 0; i < 250; i += 1) w.put(podResource, webPod(`p${i}`, { ip: `10.0.${i >> 8}.${i & 255}` }));
  });
  assert.deepEqual(
    slicesOf(world)
      .map(({ endpoints }) => endpoints?.length)
      .toSorted(),
    [100, 100, 50],
  );
  world.remove(podResource, { namespace: 'shop', name: 'p7' });
  world.put(podResource, webPod('new', { ip: '10.0.9.9' }));
  const actions = world.step(endpointSliceController, KEY);
  assert.deepEqual(
    actions.map(({ type }) => type),
    ['patch'],
  );
  assert.equal(addressesOf(world).length, 250);
  assert.ok(addressesOf(world).includes('10.0.9.9'));
});

test('slices that fall empty are deleted', () => {
  const world = settled((w) => {
    w.put(serviceResource, webService());
    for (let i = 0; i < 150; i += 1) w.put(podResource, webPod(`p${i}`, { ip: `10.0.0.${i}` }));
  });
  assert.equal(slicesOf(world).length, 2);
  for (let i = 1; i < 150; i += 1) world.remove(podResource, { namespace: 'shop', name: `p${i}` });
  world.settle(endpointSliceController);
  assert.deepEqual(addressesOf(world), ['10.0.0.0']);
  assert.equal(slicesOf(world).length, 1);
});

test('pods whose named port differs stand in slices of their own', () => {
  const world = settled((w) => {
    w.put(serviceResource, webService());
    w.put(podResource, webPod('a', { ip: '10.0.0.1' }));
    w.put(podResource, webPod('b', { ip: '10.0.0.2', port: 9090 }));
  });
  const ports = slicesOf(world).map((slice) => slice.ports?.[0]?.port);
  assert.deepEqual(ports.toSorted(), [8080, 9090]);
});

test('a headless Service without ports lists addresses alone, with the hostnames of its pods', () => {
  const world = settled((w) => {
    w.put(serviceResource, webService({ clusterIP: 'None', ports: [] }));
    w.put(podResource, webPod('a', { ip: '10.0.0.1', spec: { hostname: 'db-0', subdomain: 'web' } }));
  });
  const [slice] = slicesOf(world);
  assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '');
  assert.equal(slice?.endpoints?.[0]?.hostname, 'db-0');
});

test('each address family has slices of its own', () => {
  const world = settled((w) => {
    w.put(serviceResource, webService({ ipFamilies: ['IPv4', 'IPv6'] }));
    const pod = webPod('a', { ip: '10.0.0.1' });
    w.put(podResource, {
      ...pod,
      status: { ...pod.status, podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] },
    });
  });
  const byType = Object.fromEntries(
    slicesOf(world).map(({ addressType, endpoints }) => [addressType, endpoints?.[0]?.addresses]),
  );
  assert.deepEqual(byType, { IPv4: ['10.0.0.1'], IPv6: ['fd00::1'] });
});

test('a Service without a selector is left to whoever made it; one that became a name elsewhere loses its slices', () => {
  const bare = settled((w) => w.put(serviceResource, { ...webService(), spec: { ports: [{ port: 80 }] } }));
  assert.equal(slicesOf(bare).length, 0);
  const world = settled((w) => w.put(serviceResource, webService()));
  world.put(serviceResource, webService({ type: 'ExternalName', externalName: 'example.com' }));
  world.settle(endpointSliceController);
  assert.equal(slicesOf(world).length, 0);
});

test('labels of the Service that change or go follow', () => {
  const world = settled((w) => w.put(serviceResource, webService()));
  world.put(serviceResource, {
    ...webService(),
    metadata: { namespace: 'shop', name: 'web', labels: { tier: 'front' } },
  });
  world.settle(endpointSliceController);
  const labels = slicesOf(world)[0]?.metadata.labels ?? {};
  assert.deepEqual([labels['tier'], labels['team']], ['front', undefined]);
});
