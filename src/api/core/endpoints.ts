import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkOneOf, checkPort } from '#api/field-checks.ts';
import { requiredValue } from '#api/field-errors.ts';
import { ipErrors } from '#api/ip-syntax.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
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
  validate: ({ subsets = [] }) =>
    subsets.flatMap((subset, index) => validateSubset(`subsets[${index}]`, subset)),
  columns: [NAME_COLUMN, textColumn('Endpoints', 'Addresses that are ready.', formatEndpoints), AGE_COLUMN],
});

function validateSubset(
  field: string,
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
): FieldError[] {
  const isEmpty = addresses.length === 0 && notReadyAddresses.length === 0;
  return [
    ...(isEmpty ? [requiredValue(field, 'must specify `addresses` or `notReadyAddresses`')] : []),
    ...addresses.flatMap(({ ip }, index) => checkName(`${field}.addresses[${index}].ip`, ip, ipErrors)),
    ...notReadyAddresses.flatMap(({ ip }, index) =>
      checkName(`${field}.notReadyAddresses[${index}].ip`, ip, ipErrors),
    ),
    ...ports.flatMap(({ name = '', port, protocol }, index) => [
      ...(name !== ''
        ? checkName(`${field}.ports[${index}].name`, name, labelNameErrors)
        : ports.length > 1
          ? [requiredValue(`${field}.ports[${index}].name`)]
          : []),
      ...checkPort(`${field}.ports[${index}].port`, port),
      ...checkOneOf(`${field}.ports[${index}].protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ]),
  ];
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
