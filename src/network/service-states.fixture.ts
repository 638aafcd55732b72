import fc from 'fast-check';
import type { Endpoint } from '#api/discovery/endpoint-slice.ts';
import { pod, service, slice } from '#network/service-objects.fixture.ts';
import type { ServiceState } from '#network/service-sources.ts';

const octet = fc.integer({ min: 0, max: 255 });
const port = fc.constantFrom(53, 80, 81, 443, 8080, 65_535);
const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP', undefined);
const NAMES = ['web', 'db', 'mqtt'];

/** Addresses of the site, of another site, of the host's network, of the world, of loopback, and no addresses. */
const address = fc.oneof(
  octet.map((last) => `10.60.1.${last}`),
  octet.map((last) => `10.61.1.${last}`),
  octet.map((last) => `10.60.9.${last}`),
  octet.map((last) => `192.168.77.${last}`),
  fc.constantFrom('8.8.8.8', '127.0.0.1', '0.0.0.0', '2001:db8::1', '', 'None', '10.61.1', '10.61.1.999'),
);

const servicePort = fc
  .record(
    { name: fc.constantFrom('a', 'b', ''), port, protocol, nodePort: fc.constantFrom(30_000, 30_001, 53) },
    { requiredKeys: ['port'] },
  )
  .map(withoutUndefined);

const anyService = fc
  .record({
    name: fc.constantFrom(...NAMES, '..', 'x; flush ruleset'),
    clusterIP: address,
    spec: fc.record(
      {
        namespace: fc.constantFrom('default', 'other'),
        type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
        ports: fc.array(servicePort, { maxLength: 3 }),
        sessionAffinity: fc.constantFrom('None', 'ClientIP'),
        externalIPs: fc.array(address, { maxLength: 3 }),
        loadBalancerSourceRanges: fc.array(
          fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '::/0', '1.2.3.4/32'),
          { maxLength: 3 },
        ),
        publishNotReadyAddresses: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    ingress: fc.array(address, { maxLength: 2 }),
  })
  .map(({ name, clusterIP, spec, ingress }) => ({
    ...service(name, clusterIP, withoutUndefined(spec)),
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  }));

const endpoint: fc.Arbitrary<Endpoint> = fc.record(
  {
    addresses: fc.array(address, { minLength: 1, maxLength: 2 }),
    conditions: fc.record(
      { ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['addresses'] },
);

const anySlice = fc
  .record({
    name: fc.constantFrom(...NAMES),
    endpoints: fc.array(endpoint, { maxLength: 4 }),
    ports: fc.array(
      fc.record({ name: fc.constantFrom('a', 'b', ''), port, protocol }, { requiredKeys: [] }),
      { maxLength: 3 },
    ),
    suffix: fc.constantFrom('a', 'b'),
  })
  .map(({ name, endpoints, ports, suffix }) =>
    slice(name, endpoints, { ports: ports.map(withoutUndefined), suffix }),
  );

const anyPod = fc
  .record({
    name: fc.constantFrom('p', 'q'),
    podIP: address,
    ports: fc.array(
      fc.record(
        { containerPort: port, hostPort: port, hostIP: address, protocol },
        { requiredKeys: ['containerPort'] },
      ),
      { maxLength: 3 },
    ),
  })
  .map(({ name, podIP, ports }) => pod(name, podIP, ports.map(withoutUndefined)));

/** Any objects, sensible or not: names, addresses, ports and protocols that clash, are foreign, or are none. */
export function serviceStates(): fc.Arbitrary<ServiceState> {
  return fc.record({
    services: fc.array(anyService, { maxLength: 6 }),
    slices: fc.array(anySlice, { maxLength: 6 }),
    pods: fc.array(anyPod, { maxLength: 3 }),
  });
}

/** An absent key instead of an undefined value, as JSON has it. */
function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
