import type { Pod } from '#api/core/pod.ts';
import type { Service } from '#api/core/service.ts';
import type { Endpoint, EndpointSlice } from '#api/discovery/endpoint-slice.ts';
import { objectKey } from '#api/object.ts';
import { parseIpv4 } from '#network/ipv4.ts';
import { slicesByService } from '#network/service-endpoints.ts';
import type { ServiceState } from '#network/service-sources.ts';

/** A named port: SRV records exist for these alone. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** One address behind a service, with the name it has there: its hostname, else its address with dashes. */
export interface NamedEndpoint {
  readonly address: string;
  readonly hostname: string;
  readonly ports: readonly NamedPort[];
}

/** What DNS knows of a service. */
export type NamedService =
  | { readonly type: 'external'; readonly target: string }
  | {
      readonly type: 'clusterIp';
      readonly addresses: readonly string[];
      readonly ports: readonly NamedPort[];
      readonly endpoints: readonly NamedEndpoint[];
    }
  | { readonly type: 'headless'; readonly endpoints: readonly NamedEndpoint[] };

/** Every name of a site, ready to be looked up. All keys are lower case, as all names in Kubernetes are. */
export interface ClusterNames {
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, NamedService>;
  /** Namespaces that have a service or a pod. */
  readonly namespaces: ReadonlySet<string>;
  /** `namespace/address` of every pod that has one and has not ended. */
  readonly pods: ReadonlySet<string>;
  /** Names below the cluster domain (`web.default.svc`) by address: for reverse lookups. */
  readonly reverse: ReadonlyMap<string, readonly string[]>;
}

/**
 * The names of a site's services and pods (Kubernetes DNS-Based Service Discovery, schema 1.1.0). IPv4 only. An endpoint
 * has a name while it is ready, or always where the service publishes addresses that are not ready.
 */
export function clusterNames(state: ServiceState): ClusterNames {
  const slices = slicesByService(state.slices);
  const services = new Map<string, NamedService>();
  const namespaces = new Set<string>();
  for (const service of state.services) {
    const named = namedService(service, slices.get(objectKey(service)) ?? []);
    namespaces.add(service.metadata.namespace ?? '');
    if (named !== undefined) services.set(objectKey(service), named);
  }
  const pods = new Set<string>();
  for (const pod of state.pods) {
    namespaces.add(pod.metadata.namespace ?? '');
    if (hasAddress(pod)) pods.add(`${pod.metadata.namespace}/${pod.status.podIP}`);
  }
  return { services, namespaces, pods, reverse: reverseNames(services) };
}

/** An address as one label: `10-60-1-5`. */
export function dashed(address: string): string {
  return address.replaceAll('.', '-');
}

function namedService(service: Service, slices: readonly EndpointSlice[]): NamedService | undefined {
  const { type, clusterIP, clusterIPs = [clusterIP ?? ''], externalName, ports = [] } = service.spec;
  if (type === 'ExternalName') {
    const target = (externalName ?? '').replace(/\.$/u, '').toLowerCase();
    return target === '' ? undefined : { type: 'external', target };
  }
  const endpoints = namedEndpoints(slices, service.spec.publishNotReadyAddresses === true);
  if (clusterIP === 'None') return { type: 'headless', endpoints };
  const addresses = clusterIPs.filter((address) => parseIpv4(address) !== undefined);
  return { type: 'clusterIp', addresses, ports: namedPorts(ports), endpoints };
}

function namedEndpoints(slices: readonly EndpointSlice[], all: boolean): NamedEndpoint[] {
  const found = new Map<string, NamedEndpoint>();
  for (const slice of slices) {
    const ports = namedPorts(slice.ports ?? []);
    for (const endpoint of slice.endpoints ?? []) {
      if (!all && endpoint.conditions?.ready === false) continue;
      for (const named of namesOf(endpoint, ports)) {
        const key = `${named.hostname} ${named.address}`;
        const known = found.get(key);
        found.set(key, known === undefined ? named : { ...named, ports: [...known.ports, ...named.ports] });
      }
    }
  }
  return [...found.values()];
}

function namesOf(endpoint: Endpoint, ports: readonly NamedPort[]): NamedEndpoint[] {
  return endpoint.addresses
    .filter((address) => parseIpv4(address) !== undefined)
    .map((address) => ({ address, hostname: (endpoint.hostname ?? dashed(address)).toLowerCase(), ports }));
}

function namedPorts(
  ports: readonly { name?: string; port?: number; protocol?: 'TCP' | 'UDP' | 'SCTP' }[],
): NamedPort[] {
  return ports.flatMap(({ name = '', port, protocol = 'TCP' }) =>
    name === '' || port === undefined
      ? []
      : [{ name: name.toLowerCase(), port, protocol: protocol.toLowerCase() as NamedPort['protocol'] }],
  );
}

function reverseNames(services: ReadonlyMap<string, NamedService>): Map<string, string[]> {
  const names = new Map<string, string[]>();
  const add = (address: string, name: string): void => {
    const known = names.get(address);
    if (known === undefined) names.set(address, [name]);
    else if (!known.includes(name)) known.push(name);
  };
  for (const [key, service] of services) {
    const [namespace = '', name = ''] = key.split('/');
    const serviceName = `${name}.${namespace}.svc`;
    if (service.type === 'clusterIp') for (const address of service.addresses) add(address, serviceName);
    if (service.type === 'headless') {
      for (const { address, hostname } of service.endpoints) add(address, `${hostname}.${serviceName}`);
    }
  }
  return names;
}

function hasAddress(pod: Pod): pod is Pod & { status: { podIP: string } } {
  const { podIP, phase } = pod.status ?? {};
  return podIP !== undefined && podIP !== '' && phase !== 'Succeeded' && phase !== 'Failed';
}
