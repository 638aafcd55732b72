import type { ContainerPort } from '#api/core/container.ts';
import type { Pod } from '#api/core/pod.ts';
import { objectKey } from '#api/object.ts';
import type { Frontend, FrontendClaims, FrontendProblem } from '#network/frontend.ts';
import { contains, parseIpv4 } from '#network/ipv4.ts';
import { isPort } from '#network/service-endpoints.ts';
import { forwardedProtocol } from '#network/service-frontends.ts';
import type { SiteRanges } from '#network/site-network.ts';

/**
 * The frontends of a pod's host ports: none while it has no address on this host's pod network, uses the host's network
 * (its containers listen there themselves), or has ended. Host ports that are taken or not forwarded become problems.
 */
export function hostPortFrontends(
  pod: Pod,
  options: { ranges: SiteRanges; claims: FrontendClaims },
): { frontends: Frontend[]; problems: FrontendProblem[] } {
  const address = addressOnHost(pod, options.ranges);
  const frontends: Frontend[] = [];
  const problems: FrontendProblem[] = [];
  if (address === undefined) return { frontends, problems };
  for (const port of hostPortsOf(pod)) {
    const result = portFrontend(port, { ...options, address });
    if (typeof result === 'string') problems.push({ object: `Pod ${objectKey(pod)}`, message: result });
    else frontends.push(result);
  }
  return { frontends, problems };
}

/** The frontend of one host port, or what is wrong with it. */
function portFrontend(
  port: ContainerPort & { hostPort: number },
  { ranges, claims, address }: { ranges: SiteRanges; claims: FrontendClaims; address: string },
): Frontend | string {
  const protocol = forwardedProtocol(port.protocol);
  if (protocol === undefined) return `host port ${port.hostPort}: protocol ${port.protocol} is not forwarded`;
  const hostIp =
    port.hostIP === undefined || port.hostIP === '' || port.hostIP === '0.0.0.0' ? '*' : port.hostIP;
  if (hostIp !== '*' && !isHostAddress(hostIp, ranges))
    return `host IP ${hostIp} is not an IPv4 address of this host`;
  const name = `host-port/${hostIp === '*' ? '' : `${hostIp}/`}${protocol}/${port.hostPort}`;
  const answer = claims.claim(hostIp, port.hostPort, { protocol, owner: name });
  if (answer !== true) return `${protocol} host port ${port.hostPort} belongs to ${answer} already`;
  return {
    name,
    protocol,
    addresses: hostIp === '*' ? [] : [{ address: hostIp, port: port.hostPort, restricted: false }],
    hostPorts: hostIp === '*' ? [port.hostPort] : [],
    endpoints: [{ address, port: port.containerPort }],
    sourceCidrs: [],
  };
}

function hostPortsOf(pod: Pod): (ContainerPort & { hostPort: number })[] {
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...pod.spec.containers]
    .flatMap(({ ports = [] }) => ports)
    .filter(
      (port): port is ContainerPort & { hostPort: number } =>
        isPort(port.hostPort ?? 0) && isPort(port.containerPort),
    );
}

function addressOnHost(pod: Pod, ranges: SiteRanges): string | undefined {
  const { podIP, phase } = pod.status ?? {};
  if (pod.spec.hostNetwork === true || phase === 'Succeeded' || phase === 'Failed') return undefined;
  const value = parseIpv4(podIP ?? '');
  return value !== undefined && contains(ranges.podCidr, value) ? podIP : undefined;
}

function isHostAddress(text: string, ranges: SiteRanges): boolean {
  const value = parseIpv4(text);
  return value !== undefined && !ranges.reservedCidrs.some((block) => contains(block, value));
}
