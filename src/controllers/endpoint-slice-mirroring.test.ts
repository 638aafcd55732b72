import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Endpoints, endpointsResource } from '#api/core/endpoints.ts';
import { serviceResource } from '#api/core/service.ts';
import { endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import { endpointSliceMirroringController } from '#controllers/endpoint-slice-mirroring.ts';
import { webService } from '#controllers/service-fixtures.ts';
import { World } from '#reconcile/test-world.ts';

const NAME = { namespace: 'shop', name: 'web' };

function written(metadata: object = {}): Parameters<World['put']>[1] {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...NAME, labels: { team: 'blue' }, ...metadata },
    subsets: [
      {
        addresses: [{ ip: '192.0.2.7', nodeName: 'a' }, { ip: '2001:db8::7' }],
        notReadyAddresses: [{ ip: '192.0.2.8' }],
        ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      },
    ],
  } as unknown as Endpoints;
}

function settled(endpoints: Parameters<World['put']>[1], selector?: Record<string, string>): World {
  const world = new World();
  const service = webService();
  world.put(serviceResource, { ...service, spec: { ...service.spec, selector: selector ?? {} } });
  world.put(endpointsResource, endpoints);
  world.settle(endpointSliceMirroringController);
  assert.deepEqual(world.plan(endpointSliceMirroringController, 'shop/web'), []);
  return world;
}

function addressesOf(world: World): string[] {
  return world
    .list(endpointSliceResource)
    .flatMap(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses))
    .toSorted();
}

test('what somebody wrote into Endpoints stands in slices, by family, with their labels', () => {
  const world = settled(written());
  const slices = world.list(endpointSliceResource);
  assert.deepEqual(slices.map(({ addressType }) => addressType).toSorted(), ['IPv4', 'IPv6']);
  const four = slices.find(({ addressType }) => addressType === 'IPv4');
  assert.deepEqual(four?.endpoints, [
    { addresses: ['192.0.2.7'], conditions: { ready: true }, nodeName: 'a' },
    { addresses: ['192.0.2.8'], conditions: { ready: false } },
  ]);
  assert.deepEqual(four.ports, [{ name: 'sql', port: 5432, protocol: 'TCP' }]);
  assert.deepEqual(four.metadata.labels, {
    team: 'blue',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  });
  assert.equal(four.metadata.ownerReferences?.[0]?.kind, 'Endpoints');
});

test('slices follow the Endpoints, and go with them', () => {
  const world = settled(written());
  world.patch(endpointsResource, NAME, {
    subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports: [{ port: 80 }] }],
  });
  world.settle(endpointSliceMirroringController);
  assert.deepEqual(addressesOf(world), ['192.0.2.9']);
  world.remove(endpointsResource, NAME);
  world.settle(endpointSliceMirroringController);
  assert.deepEqual(world.list(endpointSliceResource), []);
});

for (const [what, endpoints, selector] of [
  ['of a Service that selects pods', written(), { app: 'web' }],
  [
    'that say so themselves',
    written({ labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }),
    undefined,
  ],
  [
    'that stand for a leader',
    written({ annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }),
    undefined,
  ],
] as const)
  test(`Endpoints ${what} are not mirrored`, () => {
    assert.deepEqual(settled(endpoints, selector).list(endpointSliceResource), []);
  });
