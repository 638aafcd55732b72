import type { Pod } from '#api/core/pod.ts';
import type { Service, ServicePort, ServiceSpec } from '#api/core/service.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/endpoint-slice.ts';
import type { ObjectMeta } from '#api/object.ts';
import { type SiteNetwork, siteNetwork } from '#network/site-network.ts';

/** The site of the tests: pods in 10.60.1.0/24, services in 10.61.1.0/24. */
export const testNetwork: SiteNetwork = siteNetwork({
  siteName: 'harbour',
  instanceId: '0a1b2c3d',
  podCidr: '10.60.1.0/24',
  serviceCidr: '10.61.1.0/24',
});

function metadata(name: string, namespace: string): ObjectMeta {
  return {
    name,
    namespace,
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
}

/** A service in `default`, of one TCP port 80 unless told otherwise. */
export function service(
  name: string,
  clusterIP: string,
  spec: ServiceSpec & { namespace?: string } = {},
): Service {
  const { namespace = 'default', ...rest } = spec;
  const ports: ServicePort[] = [{ port: 80 }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name, namespace),
    spec: { clusterIP, ports, ...rest },
  };
}

/** A slice of a service in `default`: ready endpoints at `addresses`, or endpoints as given; port 8080 unless told otherwise. */
export function slice(
  serviceName: string,
  endpoints: readonly (string | Endpoint)[],
  options: { ports?: EndpointPort[]; namespace?: string; suffix?: string } = {},
): EndpointSlice {
  const { ports = [{ port: 8080 }], namespace = 'default', suffix = 'a' } = options;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...metadata(`${serviceName}-${suffix}`, namespace),
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    endpoints: endpoints.map((endpoint) =>
      typeof endpoint === 'string' ? { addresses: [endpoint], conditions: { ready: true } } : endpoint,
    ),
    ports,
  };
}

/** A running pod in `default` at `podIP`, of one container with `ports`. */
export function pod(
  name: string,
  podIP: string,
  ports: {
    containerPort: number;
    hostPort?: number;
    hostIP?: string;
    protocol?: 'TCP' | 'UDP' | 'SCTP';
  }[] = [],
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata(name, 'default'),
    spec: { containers: [{ name: 'main', image: 'example', ports }] },
    status: { phase: 'Running', podIP },
  };
}
