import type { Service } from '#api/core/service.ts';
import { serviceResource } from '#api/core/service.ts';
import { objectKey } from '#api/object.ts';
import { invalid, StatusError } from '#api/status.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { decodeObject, kindPrefix } from '#apiserver/stored-object.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import { type Random, randomInteger } from '#system/random.ts';

/** Kubernetes' default range of node ports. */
const NODE_PORT_MIN = 30_000;
const NODE_PORT_MAX = 32_767;

/** How often a random address or port is drawn before the service is refused. */
const DRAWS_MAX = 256;

interface Taken {
  readonly addresses: Set<string>;
  readonly nodePorts: Set<number>;
}

/** What was given to a service that may not be stored yet. */
interface Reservation extends Taken {
  readonly service: string;
  readonly untilMs: number;
}

/** How long a service that was let in may take until it is stored, in milliseconds; then what it got is free again. */
const RESERVATION_MS = 30_000;

export interface ServiceAddressOptions {
  readonly store: Store;
  readonly cidr: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Gives services their cluster address and node ports, once for all: from `cidr` (IPv4, /12 to /28), never twice. Requests
 * for a given address outside the range, or taken, are refused with 422.
 */
export function serviceAddresses({ store, cidr, clock, random }: ServiceAddressOptions): AdmissionPlugin {
  const range = parseCidr(cidr);
  /** Two requests at the same time must not draw the same. */
  let reservations: Reservation[] = [];
  return {
    name: 'ServiceAddresses',
    handles: ({ type, subresource }) =>
      type.group === '' && type.kind === 'Service' && subresource !== 'status',
    async mutate({ operation, object, old, dryRun }) {
      const service = object as Service;
      const key = objectKey(service);
      const previous = old as Service | undefined;
      const taken = operation === 'delete' ? undefined : await takenBy(store, service);
      if (!dryRun) {
        reservations = reservations.filter((each) => each.service !== key && each.untilMs > clock.now());
      }
      if (taken === undefined || service.spec.type === 'ExternalName') return;
      for (const reservation of reservations) {
        if (reservation.service === key) continue;
        for (const address of reservation.addresses) taken.addresses.add(address);
        for (const port of reservation.nodePorts) taken.nodePorts.add(port);
      }
      assignAddress(service, { previous, taken, range, random });
      assignNodePorts(service, { previous, taken, random });
      if (!dryRun) reservations.push(reservationOf(service, clock.now() + RESERVATION_MS));
    },
  };
}

function reservationOf(service: Service, untilMs: number): Reservation {
  const { clusterIP, ports = [] } = service.spec;
  return {
    service: objectKey(service),
    addresses: new Set(clusterIP === undefined || clusterIP === 'None' ? [] : [clusterIP]),
    nodePorts: new Set(ports.flatMap(({ nodePort }) => nodePort ?? [])),
    untilMs,
  };
}

async function takenBy(store: Store, except: Service): Promise<Taken> {
  const { entries } = await store.list(kindPrefix(serviceResource));
  const taken: Taken = { addresses: new Set(), nodePorts: new Set() };
  for (const entry of entries) {
    const { metadata, spec } = decodeObject<Service>(entry.value);
    if (metadata.name === except.metadata.name && metadata.namespace === except.metadata.namespace) continue;
    for (const address of spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]))
      taken.addresses.add(address);
    for (const { nodePort } of spec.ports ?? []) if (nodePort !== undefined) taken.nodePorts.add(nodePort);
  }
  return taken;
}

interface Assignment {
  readonly previous: Service | undefined;
  readonly taken: Taken;
  readonly random: Random;
}

function assignAddress(
  service: Service,
  { previous, taken, range, random }: Assignment & { range: Range },
): void {
  const { spec } = service;
  const kept = previous?.spec.clusterIP;
  if ((spec.clusterIP === undefined || spec.clusterIP === '') && kept !== undefined && kept !== '')
    spec.clusterIP = kept;
  if (spec.clusterIP === undefined || spec.clusterIP === '')
    spec.clusterIP = drawAddress({ taken, range, random });
  else if (spec.clusterIP !== 'None' && spec.clusterIP !== kept) checkAddress(service, { taken, range });
  spec.clusterIPs = [spec.clusterIP];
  spec.ipFamilies = ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

function drawAddress({ taken, range, random }: { taken: Taken; range: Range; random: Random }): string {
  // The network's first addresses are left for the system (.1 the API, .10 the DNS of other distributions).
  const offset = Math.min(16, range.size / 4);
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const address = formatAddress(range.first + offset + randomInteger(random, range.size - offset - 1));
    if (!taken.addresses.has(address)) return address;
  }
  throw new StatusError('InternalError', `no free cluster address was found in ${range.text}`);
}

function checkAddress(service: Service, { taken, range }: { taken: Taken; range: Range }): void {
  const { clusterIP = '' } = service.spec;
  const wrong = (detail: string): never => {
    const errors = [{ type: 'Invalid' as const, field: 'spec.clusterIPs', value: [clusterIP], detail }];
    throw invalid({ kind: 'Service', group: '', name: service.metadata.name }, errors);
  };
  const value = parseAddress(clusterIP);
  if (value === undefined || value < range.first || value >= range.first + range.size)
    wrong(`failed to allocate IP ${clusterIP}: the provided IP is not in the valid range ${range.text}`);
  if (taken.addresses.has(clusterIP))
    wrong(`failed to allocate IP ${clusterIP}: provided IP is already allocated`);
}

function assignNodePorts(service: Service, { previous, taken, random }: Assignment): void {
  const { type, ports = [] } = service.spec;
  if (type !== 'NodePort' && type !== 'LoadBalancer') return;
  for (const port of ports) {
    const before = previous?.spec.ports?.find(
      (old) => old.port === port.port && old.protocol === port.protocol,
    )?.nodePort;
    if (port.nodePort === undefined && before !== undefined) port.nodePort = before;
    if (port.nodePort === undefined) port.nodePort = drawPort({ taken, random });
    else if (taken.nodePorts.has(port.nodePort)) {
      const errors = [
        {
          type: 'Invalid' as const,
          field: 'spec.ports.nodePort',
          value: port.nodePort,
          detail: 'provided port is already allocated',
        },
      ];
      throw invalid({ kind: 'Service', group: '', name: service.metadata.name }, errors);
    }
  }
}

function drawPort({ taken, random }: { taken: Taken; random: Random }): number {
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const port = NODE_PORT_MIN + randomInteger(random, NODE_PORT_MAX - NODE_PORT_MIN + 1);
    if (taken.nodePorts.has(port)) continue;
    taken.nodePorts.add(port);
    return port;
  }
  throw new StatusError('InternalError', `no free node port was found in ${NODE_PORT_MIN}-${NODE_PORT_MAX}`);
}

interface Range {
  readonly text: string;
  readonly first: number;
  readonly size: number;
}

function parseCidr(cidr: string): Range {
  const [address = '', bits = ''] = cidr.split('/');
  const first = parseAddress(address);
  const prefix = Number(bits);
  if (first === undefined || !Number.isInteger(prefix) || prefix < 12 || prefix > 28) {
    throw new Error(
      `"${cidr}" is no range for services: expected IPv4 with a prefix from 12 to 28, such as 10.61.1.0/24`,
    );
  }
  const size = 2 ** (32 - prefix);
  return { text: cidr, first: first - (first % size), size };
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}

function formatAddress(value: number): string {
  return [value / 2 ** 24, (value / 2 ** 16) % 256, (value / 256) % 256, value % 256]
    .map(Math.floor)
    .join('.');
}
