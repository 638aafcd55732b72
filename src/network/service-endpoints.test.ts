import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServicePort } from '#api/core/service.ts';
import type { Endpoint, EndpointSlice } from '#api/discovery/endpoint-slice.ts';
import { endpointsOf, slicesByService } from '#network/service-endpoints.ts';
import { service, slice } from '#network/service-objects.fixture.ts';

function addressesOf(slices: EndpointSlice[], port: ServicePort = { port: 80 }, all = false): string[] {
  const owner = service('web', '10.61.1.10', { publishNotReadyAddresses: all });
  return endpointsOf(owner, port, slices).map((endpoint) => `${endpoint.address}:${endpoint.port}`);
}

const endpoint = (address: string, conditions?: Endpoint['conditions']): Endpoint => ({
  addresses: [address],
  ...(conditions === undefined ? {} : { conditions }),
});

test('endpoints that are ready, or do not say, serve', () => {
  const slices = [
    slice('web', [
      endpoint('10.60.1.9', { ready: true }),
      endpoint('10.60.1.10'),
      endpoint('10.60.1.8', { ready: false }),
    ]),
  ];
  assert.deepEqual(addressesOf(slices), ['10.60.1.9:8080', '10.60.1.10:8080']);
});

test('publishNotReadyAddresses makes every endpoint serve', () => {
  assert.deepEqual(
    addressesOf([slice('web', [endpoint('10.60.1.8', { ready: false })])], { port: 80 }, true),
    ['10.60.1.8:8080'],
  );
});

test('terminating endpoints serve only where no other is ready', () => {
  const leaving = endpoint('10.60.1.8', { ready: false, serving: true, terminating: true });
  const broken = endpoint('10.60.1.7', { ready: false, serving: false, terminating: true });
  assert.deepEqual(addressesOf([slice('web', [leaving, broken])]), ['10.60.1.8:8080']);
  assert.deepEqual(addressesOf([slice('web', [leaving, endpoint('10.60.1.9')])]), ['10.60.1.9:8080']);
});

test('ports match by name and protocol, slice by slice', () => {
  const slices = [
    slice('web', ['10.60.1.5'], {
      ports: [
        { name: 'http', port: 8080 },
        { name: 'http', port: 9090, protocol: 'UDP' },
      ],
    }),
    slice('web', ['10.60.1.6'], { ports: [{ name: 'http', port: 8081 }], suffix: 'b' }),
  ];
  assert.deepEqual(addressesOf(slices, { name: 'http', port: 80 }), ['10.60.1.5:8080', '10.60.1.6:8081']);
  assert.deepEqual(addressesOf(slices, { name: 'http', port: 80, protocol: 'UDP' }), ['10.60.1.5:9090']);
  assert.deepEqual(addressesOf(slices, { name: 'https', port: 443 }), []);
  assert.deepEqual(addressesOf(slices), []);
});

test('an endpoint in two slices counts once, and what is not an IPv4 address or a port not at all', () => {
  const slices = [
    slice('web', ['10.60.1.5', 'fd00::1']),
    slice('web', ['10.60.1.5'], { suffix: 'b' }),
    slice('web', ['10.60.1.6'], { suffix: 'c', ports: [{ port: 0 }] }),
  ];
  assert.deepEqual(addressesOf(slices), ['10.60.1.5:8080']);
});

test('slices are grouped by the service their label names; IPv6 ones are passed over', () => {
  const six: EndpointSlice = { ...slice('web', [], { suffix: 'c' }), addressType: 'IPv6' };
  const grouped = slicesByService([
    slice('web', [], { suffix: 'b' }),
    slice('db', []),
    slice('web', []),
    six,
  ]);
  assert.deepEqual(
    [...grouped].map(([key, slices]) => [key, slices.map(({ metadata }) => metadata.name)]),
    [
      ['default/db', ['db-a']],
      ['default/web', ['web-a', 'web-b']],
    ],
  );
});
