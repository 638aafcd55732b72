import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabelName, checkName, checkOneOf, checkPort } from '#api/field-checks.ts';
import { requiredValue } from '#api/field-errors.ts';
import { ipWarnings } from '#api/ip-form.ts';
import { equalJson } from '#api/json.ts';
import { checkEndpointIp, checkLegacyIp } from '#api/legacy-ip.ts';
import { qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `core/v1.Endpoints`. */
export interface Endpoints extends KubeObject {
  apiVersion: 'v1';
  kind: 'Endpoints';
  subsets?: EndpointSubset[];
}

/** `core/v1.EndpointSubset`. */
export interface EndpointSubset {
  addresses?: EndpointAddress[];
  notReadyAddresses?: EndpointAddress[];
  ports?: EndpointPort[];
}

/** `core/v1.EndpointAddress`. */
export interface EndpointAddress {
  hostname?: string;
  ip: string;
  nodeName?: string;
  targetRef?: ObjectReference;
}

/** `core/v1.EndpointPort`. */
export interface EndpointPort {
  appProtocol?: string;
  name?: string;
  port: number;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
}

/** How many addresses the column shows. */
const SHOWN_ENDPOINTS_MAX = 3;

/** `endpoints`. */
export const endpointsResource: ResourceType<Endpoints> = defineResource<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  schema: 'core/v1.Endpoints',
  fillsZeros: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  hasGeneration: false,
  applyDefaults: ({ subsets = [] }) => {
    for (const { ports = [] } of subsets) for (const port of ports) port.protocol ??= 'TCP';
  },
  validate: validateEndpoints,
  warnings: endpointsWarnings,
  columns: [NAME_COLUMN, textColumn('Endpoints', 'Addresses that are ready.', formatEndpoints), AGE_COLUMN],
});

/** Addresses that were stored are taken as they are. */
function validateEndpoints({ subsets = [] }: Endpoints, old: Endpoints | undefined): FieldError[] {
  if (old !== undefined && equalJson(subsets as unknown as Json, (old.subsets ?? []) as unknown as Json))
    return [];
  return subsets.flatMap((subset, index) => validateSubset(`subsets[${index}]`, subset));
}

function validateSubset(
  field: string,
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
): FieldError[] {
  const isEmpty = addresses.length === 0 && notReadyAddresses.length === 0;
  return [
    ...(isEmpty ? [requiredValue(field, 'must specify `addresses` or `notReadyAddresses`')] : []),
    ...addresses.flatMap((address, index) => validateAddress(`${field}.addresses[${index}]`, address)),
    ...notReadyAddresses.flatMap((address, index) =>
      validateAddress(`${field}.notReadyAddresses[${index}]`, address),
    ),
    ...ports.flatMap((port, index) => validatePort(`${field}.ports[${index}]`, port, ports.length === 1)),
  ];
}

function validateAddress(field: string, { ip, hostname, nodeName }: EndpointAddress): FieldError[] {
  return [
    ...checkLegacyIp(`${field}.ip`, ip),
    ...checkLabelName(`${field}.hostname`, hostname),
    ...checkName(`${field}.nodeName`, nodeName, subdomainNameErrors),
    ...checkEndpointIp(`${field}.ip`, ip),
  ];
}

function validatePort(
  field: string,
  { name = '', port, protocol, appProtocol }: EndpointPort,
  isOnly: boolean,
): FieldError[] {
  return [
    ...(name === '' && !isOnly ? [requiredValue(`${field}.name`)] : checkLabelName(`${field}.name`, name)),
    ...checkPort(`${field}.port`, port),
    ...checkOneOf(`${field}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ...checkName(`${field}.appProtocol`, appProtocol, qualifiedNameErrors),
  ];
}

/** Those of the controller that copies a service's endpoints are in their best form. */
function endpointsWarnings({ metadata, subsets = [] }: Endpoints): string[] {
  if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [] }, index) => [
    ...addresses.flatMap(({ ip }, at) => ipWarnings(`subsets[${index}].addresses[${at}].ip`, ip)),
    ...notReadyAddresses.flatMap(({ ip }, at) =>
      ipWarnings(`subsets[${index}].notReadyAddresses[${at}].ip`, ip),
    ),
  ]);
}

function formatEndpoints({ subsets = [] }: Endpoints): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)),
        ),
  );
  if (all.length === 0) return NONE;
  const shown = all.slice(0, SHOWN_ENDPOINTS_MAX).join(',');
  return all.length > SHOWN_ENDPOINTS_MAX ? `${shown} + ${all.length - SHOWN_ENDPOINTS_MAX} more...` : shown;
}
