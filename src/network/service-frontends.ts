import type { Service, ServicePort } from '#api/core/service.ts';
import type { EndpointSlice } from '#api/discovery/endpoint-slice.ts';
import { objectKey } from '#api/object.ts';
import type {
  ForwardedProtocol,
  Frontend,
  FrontendAddress,
  FrontendClaims,
  FrontendProblem,
} from '#network/frontend.ts';
import { blockOf, contains, formatBlock, type Ipv4Block, parseBlock, parseIpv4 } from '#network/ipv4.ts';
import { endpointsOf, isPort } from '#network/service-endpoints.ts';
import type { SiteRanges } from '#network/site-network.ts';

/** How long a client stays with its endpoint where the service does not say, in seconds (`core/v1.ClientIPConfig`). */
const AFFINITY_SECONDS_DEFAULT = 10_800;

/** Loopback and multicast: never an external address of a service. */
const UNUSABLE_BLOCKS: readonly Ipv4Block[] = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3'].map(blockOf);

/** Keys that may stand in an nftables name: what Kubernetes allows, said again because one odd name would break a load. */
const NAMEABLE = /^[-a-z0-9.]{1,63}\/[-a-z0-9.]{1,63}$/u;

/**
 * The frontends of one service: its cluster IP, node ports, external IPs and load balancer addresses. What cannot or must
 * not be forwarded (IPv6, SCTP, an address of another site, a port that is taken) is left out and told as a problem.
 */
export function serviceFrontends(
  service: Service,
  slices: readonly EndpointSlice[],
  options: { ranges: SiteRanges; claims: FrontendClaims },
): { frontends: Frontend[]; problems: FrontendProblem[] } {
  const key = objectKey(service);
  const problems: string[] = [];
  const frontends: Frontend[] = [];
  if (!NAMEABLE.test(key)) problems.push('its name is not one that a table can hold');
  const clusterIp = NAMEABLE.test(key) ? clusterIpOf(service, options.ranges, problems) : undefined;
  if (clusterIp !== undefined) {
    const outside = outsideAddresses(service, options.ranges, problems);
    for (const port of service.spec.ports ?? []) {
      const frontend = portFrontend(service, port, { ...options, clusterIp, outside, problems });
      if (frontend !== undefined)
        frontends.push({ ...frontend, endpoints: endpointsOf(service, port, slices) });
    }
  }
  return { frontends, problems: problems.map((message) => ({ object: `Service ${key}`, message })) };
}

interface PortContext {
  readonly claims: FrontendClaims;
  readonly clusterIp: string;
  readonly outside: readonly Omit<FrontendAddress, 'port'>[];
  readonly problems: string[];
}

function portFrontend(
  service: Service,
  port: ServicePort,
  context: PortContext,
): Omit<Frontend, 'endpoints'> | undefined {
  const protocol = forwardedProtocol(port.protocol);
  if (protocol === undefined) {
    context.problems.push(`port ${port.port}: protocol ${port.protocol} is not forwarded`);
    return undefined;
  }
  if (!isPort(port.port)) {
    context.problems.push(`port ${port.port} is not a port`);
    return undefined;
  }
  const owner = `service/${objectKey(service)}/${protocol}/${port.port}`;
  const isOurs = (address: string, number: number): boolean => {
    const answer = context.claims.claim(address, number, { protocol, owner });
    if (answer !== true)
      context.problems.push(`${protocol} ${address}:${number} belongs to ${answer} already`);
    return answer === true;
  };
  const wanted = [{ address: context.clusterIp, restricted: false }, ...context.outside];
  const nodePort = hasNodePorts(service) ? port.nodePort : undefined;
  return {
    name: owner,
    protocol,
    addresses: wanted
      .filter(({ address }) => isOurs(address, port.port))
      .map((address) => ({ ...address, port: port.port })),
    hostPorts: nodePort !== undefined && isPort(nodePort) && isOurs('*', nodePort) ? [nodePort] : [],
    sourceCidrs: sourceCidrs(service),
    ...(service.spec.sessionAffinity === 'ClientIP' ? { affinitySeconds: affinitySeconds(service) } : {}),
  };
}

/** The IPv4 cluster IP; undefined for headless and external-name services, and where it is not in the site's range. */
function clusterIpOf(service: Service, ranges: SiteRanges, problems: string[]): string | undefined {
  const { type, clusterIP, clusterIPs = [clusterIP ?? ''] } = service.spec;
  if (type === 'ExternalName' || clusterIP === 'None') return undefined;
  const address = clusterIPs.find((candidate) => parseIpv4(candidate) !== undefined);
  if (address === undefined) {
    if (clusterIPs.some((candidate) => candidate !== ''))
      problems.push('has no IPv4 cluster IP: only IPv4 is forwarded');
    return undefined;
  }
  if (contains(ranges.serviceCidr, parseIpv4(address) ?? 0)) return address;
  problems.push(
    `cluster IP ${address} is outside of the site's service network ${formatBlock(ranges.serviceCidr)}`,
  );
  return undefined;
}

/** External IPs and load balancer addresses, without those that would take traffic from the host or another site. */
function outsideAddresses(
  service: Service,
  ranges: SiteRanges,
  problems: string[],
): Omit<FrontendAddress, 'port'>[] {
  const forbidden = [...ranges.reservedCidrs, ...UNUSABLE_BLOCKS];
  const restricted = (service.spec.loadBalancerSourceRanges ?? []).length > 0;
  const balancers = (service.status?.loadBalancer?.ingress ?? []).filter(({ ipMode }) => ipMode !== 'Proxy');
  const found = new Map<string, Omit<FrontendAddress, 'port'>>();
  for (const { ip } of balancers) if (ip !== undefined) found.set(ip, { address: ip, restricted });
  for (const address of service.spec.externalIPs ?? []) found.set(address, { address, restricted: false });
  return [...found.values()].filter(({ address }) => isForwardable(address, forbidden, problems));
}

function isForwardable(address: string, forbidden: readonly Ipv4Block[], problems: string[]): boolean {
  const value = parseIpv4(address);
  const block = forbidden.find((candidate) => value !== undefined && contains(candidate, value));
  if (value !== undefined && block === undefined) return true;
  problems.push(
    value === undefined
      ? `external address ${address} is not IPv4: only IPv4 is forwarded`
      : `external address ${address} is the host's own or reserved for sites`,
  );
  return false;
}

function hasNodePorts(service: Service): boolean {
  return service.spec.type === 'NodePort' || service.spec.type === 'LoadBalancer';
}

function sourceCidrs(service: Service): string[] {
  const cidrs = service.spec.loadBalancerSourceRanges ?? [];
  return cidrs.map((cidr) => cidr.trim()).filter((cidr) => parseBlock(cidr) !== undefined);
}

function affinitySeconds(service: Service): number {
  return service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS_DEFAULT;
}

/** The nftables name of a protocol; undefined for one that is not forwarded. TCP where absent. */
export function forwardedProtocol(protocol: string | undefined): ForwardedProtocol | undefined {
  if (protocol === undefined || protocol === 'TCP') return 'tcp';
  return protocol === 'UDP' ? 'udp' : undefined;
}
