import type { Service, ServicePort } from '#api/core/service.ts';
import type { EndpointSlice } from '#api/discovery/endpoint-slice.ts';
import { objectKey } from '#api/object.ts';
import { parseIpv4 } from '#network/ipv4.ts';

/** The label by which an EndpointSlice names its Service. */
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** One address and port behind a service port. */
export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
  /** The pod's own name within a headless service, where it has one. */
  readonly hostname?: string;
}

/** IPv4 slices by the key (`namespace/name`) of the service they belong to, in order of their names. */
export function slicesByService(slices: readonly EndpointSlice[]): Map<string, EndpointSlice[]> {
  const found = new Map<string, EndpointSlice[]>();
  const inOrder = sortedBy(slices, objectKey);
  for (const slice of inOrder) {
    const service = slice.metadata.labels?.[SERVICE_NAME_LABEL];
    if (service === undefined || slice.addressType !== 'IPv4') continue;
    const key = `${slice.metadata.namespace ?? ''}/${service}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, [slice]);
    else known.push(slice);
  }
  return found;
}

/**
 * Who serves a port of a service, in order of address: every ready endpoint (or, with publishNotReadyAddresses, every
 * one); where none is, those that terminate but still serve (KEP-1669). An endpoint named by several slices counts once.
 */
export function endpointsOf(
  service: Service,
  port: Pick<ServicePort, 'name' | 'protocol'>,
  slices: readonly EndpointSlice[],
): ServiceEndpoint[] {
  const all = service.spec.publishNotReadyAddresses === true;
  const ready = new Map<string, ServiceEndpoint>();
  const terminating = new Map<string, ServiceEndpoint>();
  for (const { endpoint, endpointPort } of endpointsWithPort(port, slices)) {
    const { conditions = {}, addresses, hostname } = endpoint;
    const isReady = all || conditions.ready !== false;
    if (!isReady && !(conditions.serving === true && conditions.terminating === true)) continue;
    for (const address of addresses) {
      if (parseIpv4(address) === undefined) continue;
      const found = { address, port: endpointPort, ...(hostname === undefined ? {} : { hostname }) };
      (isReady ? ready : terminating).set(`${address}:${endpointPort}`, found);
    }
  }
  const chosen = ready.size > 0 ? ready : terminating;
  return [...chosen.values()].toSorted((a, b) => order(a) - order(b) || a.port - b.port);
}

function* endpointsWithPort(
  port: Pick<ServicePort, 'name' | 'protocol'>,
  slices: readonly EndpointSlice[],
): Generator<{ endpoint: NonNullable<EndpointSlice['endpoints']>[number]; endpointPort: number }> {
  for (const slice of slices) {
    const match = slice.ports?.find(
      ({ name = '', protocol = 'TCP' }) =>
        name === (port.name ?? '') && protocol === (port.protocol ?? 'TCP'),
    );
    if (match?.port === undefined || !isPort(match.port)) continue;
    for (const endpoint of slice.endpoints ?? []) yield { endpoint, endpointPort: match.port };
  }
}

/** In order of a text that is made once for each element. */
export function sortedBy<T>(elements: readonly T[], textOf: (element: T) => string): T[] {
  const keyed = elements.map((element) => ({ element, text: textOf(element) }));
  return keyed.toSorted((a, b) => (a.text < b.text ? -1 : 1)).map(({ element }) => element);
}

/** Whether a number is a port. One rule that nftables refuses would hold up all others. */
export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function order(endpoint: ServiceEndpoint): number {
  return parseIpv4(endpoint.address) ?? 0;
}
