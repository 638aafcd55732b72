import { AGE_COLUMN, joinOrNone, NAME_COLUMN, textColumn } from '#api/columns.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import { validateEndpointSlice } from '#api/discovery/endpoint-slice-validation.ts';
import { ipWarnings } from '#api/ip-form.ts';
import { equalJson } from '#api/json.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

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
  prepare: dropOldTopology,
  validate: validateEndpointSlice,
  warnings: sliceWarnings,
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

/** The topology of version 1beta1 is no more, and hints for hosts are not yet: their feature is off, as in Kubernetes 1.33. */
function dropOldTopology({ endpoints = [] }: EndpointSlice, old: EndpointSlice | undefined): void {
  if (old !== undefined && equalJson(endpoints as unknown as Json, (old.endpoints ?? []) as unknown as Json))
    return;
  const hadNodes = old?.endpoints?.some(({ hints }) => hints?.forNodes !== undefined) ?? false;
  for (const endpoint of endpoints) {
    delete endpoint.deprecatedTopology;
    if (!hadNodes) delete endpoint.hints?.forNodes;
  }
}

/** Those of the controllers are in their best form. */
const MANAGERS = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

function sliceWarnings(slice: EndpointSlice, old: EndpointSlice | undefined): string[] {
  const { metadata, addressType, endpoints = [] } = slice;
  const manager = metadata.labels?.['endpointslice.kubernetes.io/managed-by'] ?? '';
  if (addressType === 'FQDN')
    return old === undefined ? ['spec.addressType: FQDN endpoints are deprecated'] : [];
  if (MANAGERS.includes(manager)) return [];
  return endpoints.flatMap(({ addresses }, index) =>
    addresses.flatMap((address, at) => ipWarnings(`endpoints[${index}].addresses[${at}]`, address)),
  );
}
