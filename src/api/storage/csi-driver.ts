import { AGE_COLUMN, joinOrNone, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkUnchanged } from '#api/field-checks.ts';
import { duplicateValue, invalidValue } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { Column, ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `storage.k8s.io/v1.CSIDriver`. */
export interface CSIDriver extends KubeObject {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'CSIDriver';
  spec: CSIDriverSpec;
}

/** `storage.k8s.io/v1.CSIDriverSpec`. */
export interface CSIDriverSpec {
  attachRequired?: boolean;
  fsGroupPolicy?: string;
  nodeAllocatableUpdatePeriodSeconds?: number;
  podInfoOnMount?: boolean;
  preventPodSchedulingIfMissing?: boolean;
  requiresRepublish?: boolean;
  seLinuxMount?: boolean;
  serviceAccountTokenInSecrets?: boolean;
  storageCapacity?: boolean;
  tokenRequests?: TokenRequest[];
  volumeLifecycleModes?: string[];
}

/** `storage.k8s.io/v1.TokenRequest`. */
export interface TokenRequest {
  audience: string;
  expirationSeconds?: number;
}

/** `csidrivers.storage.k8s.io`. */
export const csiDriverResource: ResourceType<CSIDriver> = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  namespaced: false,
  schema: 'storage/v1.CSIDriver',
  hasGeneration: false,
  fillsZeros: true,
  applyDefaults: ({ spec }) => {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
  },
  validate: ({ spec }, old) => [
    ...checkOneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...validateTokenRequests(spec.tokenRequests ?? []),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode) =>
      checkOneOf('spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral']),
    ),
    ...validatePeriod(spec.nodeAllocatableUpdatePeriodSeconds),
    ...(old === undefined ? [] : validateChange(spec, old.spec)),
  ],
  columns: [
    NAME_COLUMN,
    flagColumn('AttachRequired', 'Whether volumes are attached before they are mounted.', 'attachRequired'),
    flagColumn('PodInfoOnMount', 'Whether the driver is told of the pod.', 'podInfoOnMount'),
    flagColumn('StorageCapacity', 'Whether the driver tells of its capacity.', 'storageCapacity'),
    textColumn('TokenRequests', 'Audiences of the tokens that the driver gets.', ({ spec }) =>
      spec.tokenRequests === undefined
        ? '<unset>'
        : joinOrNone(spec.tokenRequests.map(({ audience }) => audience)),
    ),
    flagColumn('RequiresRepublish', 'Whether volumes are published again and again.', 'requiresRepublish'),
    textColumn('Modes', 'Which volumes the driver serves.', ({ spec }) =>
      joinOrNone(spec.volumeLifecycleModes),
    ),
    AGE_COLUMN,
  ],
});

type Flag = 'attachRequired' | 'podInfoOnMount' | 'storageCapacity' | 'requiresRepublish';

function flagColumn(name: string, description: string, flag: Flag): Column<CSIDriver> {
  return { name, type: 'boolean', description, priority: 0, cell: ({ spec }) => spec[flag] ?? false };
}

/** How long a token that a driver asks for may be valid, in seconds. */
const EXPIRATION_SECONDS_MIN = 600;
const EXPIRATION_SECONDS_MAX = 2 ** 32;
/** The shortest time between two looks at what a node can take, in seconds. */
const UPDATE_PERIOD_SECONDS_MIN = 10;

function validateTokenRequests(requests: readonly TokenRequest[]): FieldError[] {
  const audiences = requests.map(({ audience }) => audience);
  return requests.flatMap(({ audience, expirationSeconds }, index) => {
    const field = `spec.tokenRequests[${index}]`;
    if (audiences.indexOf(audience) < index) return [duplicateValue(`${field}.audience`, audience)];
    return checkExpiration(`${field}.expirationSeconds`, expirationSeconds);
  });
}

function checkExpiration(field: string, seconds = EXPIRATION_SECONDS_MIN): FieldError[] {
  if (seconds < EXPIRATION_SECONDS_MIN)
    return [invalidValue(field, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > EXPIRATION_SECONDS_MAX
    ? [invalidValue(field, seconds, 'may not specify a duration larger than 2^32 seconds')]
    : [];
}

function validatePeriod(seconds = UPDATE_PERIOD_SECONDS_MIN): FieldError[] {
  const field = 'spec.nodeAllocatableUpdatePeriodSeconds';
  return seconds < UPDATE_PERIOD_SECONDS_MIN
    ? [invalidValue(field, seconds, `must be greater than or equal to ${UPDATE_PERIOD_SECONDS_MIN} seconds`)]
    : [];
}

function validateChange(spec: CSIDriverSpec, old: CSIDriverSpec): FieldError[] {
  return [
    // Kubernetes names the field so.
    ...checkUnchanged('spec.attachedRequired', spec.attachRequired, old.attachRequired),
    ...checkUnchanged('spec.volumeLifecycleModes', spec.volumeLifecycleModes, old.volumeLifecycleModes),
  ];
}
