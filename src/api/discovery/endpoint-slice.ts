import { AGE_COLUMN, joinOrNone, NAME_COLUMN, textColumn } from '#api/columns.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import {
  checkName,
  checkOneOf,
  checkPort,
  checkPresent,
  checkUnchanged,
  checkUnique,
} from '#api/field-checks.ts';
import { invalidValue, tooMany, unsupportedValue } from '#api/field-errors.ts';
import { ipFamily } from '#api/ip-syntax.ts';
import { labelNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `discovery.k8s.io/v1.EndpointSlice`. */
export interface EndpointSlice extends KubeObject {
  apiVersion: 'discovery.k8s.io/v1';
  kind: 'EndpointSlice';
  addressType: 'IPv4' | 'IPv6' | 'FQDN';
  endpoints?: Endpoint[];
  ports?: EndpointPort[];
}

/** `discovery.k8s.io/v1.Endpoint`. */
export interface Endpoint {
  addresses: string[];
  conditions?: EndpointConditions;
  deprecatedTopology?: Record<string, string>;
  hints?: EndpointHints;
  hostname?: string;
  nodeName?: string;
  targetRef?: ObjectReference;
  zone?: string;
}

/** `discovery.k8s.io/v1.EndpointConditions`. */
export interface EndpointConditions {
  ready?: boolean;
  serving?: boolean;
  terminating?: boolean;
}

/** `discovery.k8s.io/v1.EndpointHints`. */
export interface EndpointHints {
  forNodes?: ForNode[];
  forZones?: ForZone[];
}

/** `discovery.k8s.io/v1.ForZone`. */
export interface ForZone {
  name: string;
}

/** `discovery.k8s.io/v1.ForNode`. */
export interface ForNode {
  name: string;
}

/** `discovery.k8s.io/v1.EndpointPort`. */
export interface EndpointPort {
  appProtocol?: string;
  name?: string;
  port?: number;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
}

/** The most endpoints, ports, and addresses of one endpoint, that a slice can have. */
export const SLICE_ENDPOINTS_MAX = 1000;
const SLICE_PORTS_MAX = 20_000;
const ENDPOINT_ADDRESSES_MAX = 100;
/** How many items a column shows. */
const SHOWN_MAX = 3;

/** `endpointslices.discovery.k8s.io`. */
export const endpointSliceResource: ResourceType<EndpointSlice> = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  schema: 'discovery/v1.EndpointSlice',
  fillsZeros: true,
  applyDefaults: (slice) => {
    slice.endpoints ??= [];
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate: validateEndpointSlice,
  columns: [
    NAME_COLUMN,
    textColumn('AddressType', 'What the addresses are.', ({ addressType }) => addressType),
    textColumn('Ports', 'Ports that the endpoints serve.', ({ ports }) =>
      ports === undefined || ports.length === 0
        ? '<unset>'
        : shown(ports.map(({ port }) => (port === undefined ? '*' : String(port)))),
    ),
    textColumn('Endpoints', 'Addresses.', ({ endpoints = [] }) =>
      endpoints.length === 0 ? '<unset>' : shown(endpoints.flatMap(({ addresses }) => addresses.slice(0, 1))),
    ),
    AGE_COLUMN,
  ],
});

function shown(items: readonly string[]): string {
  const text = joinOrNone(items.slice(0, SHOWN_MAX));
  return items.length > SHOWN_MAX ? `${text} + ${items.length - SHOWN_MAX} more...` : text;
}

function validateEndpointSlice(slice: EndpointSlice, old: EndpointSlice | undefined): FieldError[] {
  const { addressType, endpoints = [], ports = [] } = slice;
  const known = ['FQDN', 'IPv4', 'IPv6'];
  return [
    ...(known.includes(addressType) ? [] : [unsupportedValue('addressType', addressType, known)]),
    ...(endpoints.length > SLICE_ENDPOINTS_MAX
      ? [tooMany('endpoints', { found: endpoints.length, max: SLICE_ENDPOINTS_MAX })]
      : []),
    ...endpoints.flatMap((endpoint, index) => validateEndpoint(`endpoints[${index}]`, endpoint, addressType)),
    ...(ports.length > SLICE_PORTS_MAX
      ? [tooMany('ports', { found: ports.length, max: SLICE_PORTS_MAX })]
      : []),
    ...ports.flatMap(({ name = '', port, protocol }, index) => [
      ...(name === '' ? [] : checkName(`ports[${index}].name`, name, labelNameErrors)),
      ...checkPort(`ports[${index}].port`, port),
      ...checkOneOf(`ports[${index}].protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ]),
    ...checkUnique(
      ports.map(({ name = '' }) => name),
      (index) => `ports[${index}].name`,
    ),
    ...(old === undefined ? [] : checkUnchanged('addressType', addressType, old.addressType)),
  ];
}

function validateEndpoint(
  field: string,
  { addresses, hostname }: Endpoint,
  type: EndpointSlice['addressType'],
): FieldError[] {
  const path = `${field}.addresses`;
  return [
    ...checkPresent(path, addresses, 'must contain at least 1 address'),
    ...(addresses.length > ENDPOINT_ADDRESSES_MAX
      ? [tooMany(path, { found: addresses.length, max: ENDPOINT_ADDRESSES_MAX })]
      : []),
    ...addresses.flatMap((address, index) => validateAddress(`${path}[${index}]`, address, type)),
    ...checkName(`${field}.hostname`, hostname, labelNameErrors),
  ];
}

function validateAddress(field: string, address: string, type: EndpointSlice['addressType']): FieldError[] {
  if (type === 'FQDN') return checkName(field, address, subdomainNameErrors);
  return ipFamily(address) === type ? [] : [invalidValue(field, address, `must be a valid ${type} address`)];
}
