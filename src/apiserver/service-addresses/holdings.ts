import type { Service } from '#api/core/service.ts';
import { type IPAddress, ipAddressResource } from '#api/networking/ip-address.ts';
import { utf8 } from '#apiserver/request.ts';
import { decodeObject, encodeObject, kindPrefix, objectStoreKey } from '#apiserver/stored-object.ts';
import type { DeleteOperation, Entry, PutOperation } from '#store/store.ts';
import { type Clock, timestamp } from '#system/clock.ts';
import { type Random, randomUuid } from '#system/random.ts';

/** Where node ports are kept that a service has: one key for each, which no API shows. */
export const NODE_PORT_PREFIX = '/reserved/nodeports/';

/** Where cluster addresses are kept that a service has: the `IPAddress` objects. */
export const ADDRESS_PREFIX = kindPrefix(ipAddressResource);

/** Who made an `IPAddress`, and for which family, as upstream labels it. */
const ADDRESS_LABELS = {
  'ipaddress.kubernetes.io/ip-family': 'IPv4',
  'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
};

/** A service by its name. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** The key under which a cluster address is held. */
export function addressKey(address: string): string {
  return objectStoreKey(ipAddressResource, { name: address });
}

/** The key under which a node port is held. */
export function nodePortKey(port: number): string {
  return `${NODE_PORT_PREFIX}${port}`;
}

/** The keys of all that a service has for itself alone. */
export function holdingsOf({ spec }: Service): Set<string> {
  const { type, clusterIP = '', clusterIPs = [clusterIP], ports = [], healthCheckNodePort } = spec;
  const addresses = type === 'ExternalName' ? [] : clusterIPs;
  return new Set([
    ...addresses.filter((address) => address !== '' && address !== 'None').map(addressKey),
    ...ports.flatMap(({ nodePort = 0 }) => (nodePort === 0 ? [] : nodePortKey(nodePort))),
    ...(healthCheckNodePort === undefined || healthCheckNodePort === 0
      ? []
      : [nodePortKey(healthCheckNodePort)]),
  ]);
}

/** Which service a stored holding is of; undefined where it is of something else. */
export function holderOf({ key, value }: Entry): ServiceName | undefined {
  if (key.startsWith(NODE_PORT_PREFIX)) return JSON.parse(Buffer.from(value).toString('utf8')) as ServiceName;
  const { parentRef = {} } = decodeObject<IPAddress>(value).spec;
  const { group = '', resource, namespace = '', name = '' } = parentRef;
  return group === '' && resource === 'services' ? { namespace, name } : undefined;
}

/** Takes what nobody has. */
export function takeHolding(
  key: string,
  holder: ServiceName,
  { clock, random }: { clock: Clock; random: Random },
): PutOperation {
  const precondition = { type: 'absent' } as const;
  if (key.startsWith(NODE_PORT_PREFIX))
    return { type: 'put', key, value: utf8(JSON.stringify(holder)), precondition };
  const address: IPAddress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: key.slice(ADDRESS_PREFIX.length),
      uid: randomUuid(random),
      creationTimestamp: timestamp(clock.now()),
      resourceVersion: '',
      labels: ADDRESS_LABELS,
    },
    spec: { parentRef: { group: '', resource: 'services', ...holder } },
  };
  return { type: 'put', key, ...encodeObject(address), precondition };
}

/** Gives back what is held by `entry`. */
export function releaseHolding({ key, value, revision }: Entry): DeleteOperation {
  const precondition = { type: 'revision', revision } as const;
  if (key.startsWith(NODE_PORT_PREFIX)) return { type: 'delete', key, precondition };
  return { type: 'delete', key, ...encodeObject(decodeObject(value)), precondition };
}
