import { AGE_COLUMN, NAME_COLUMN, numberColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkFirst, checkName, checkNonNegative, checkPresent, checkUnchanged } from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';
import { checkDriverName } from '#api/storage/driver-name.ts';

/** `storage.k8s.io/v1.CSINode`. */
export interface CSINode extends KubeObject {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'CSINode';
  spec: CSINodeSpec;
}

/** `storage.k8s.io/v1.CSINodeSpec`. */
export interface CSINodeSpec {
  drivers: CSINodeDriver[];
}

/** `storage.k8s.io/v1.CSINodeDriver`. */
export interface CSINodeDriver {
  allocatable?: VolumeNodeResources;
  name: string;
  nodeID: string;
  topologyKeys?: string[];
}

/** `storage.k8s.io/v1.VolumeNodeResources`. */
export interface VolumeNodeResources {
  count?: number;
}

/** The longest name that a driver has for a node, in characters; a longer one is refused. */
const NODE_ID_CHARS_MAX = 256;

/** `csinodes.storage.k8s.io`. */
export const csiNodeResource: ResourceType<CSINode> = defineResource<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  namespaced: false,
  schema: 'storage/v1.CSINode',
  hasGeneration: false,
  applyDefaults: ({ spec }) => {
    spec.drivers ??= [];
  },
  fillsZeros: true,
  validate: ({ spec }, old) => [
    ...validateDrivers(spec.drivers),
    ...(old === undefined ? [] : validateChange(spec.drivers, old.spec.drivers)),
  ],
  columns: [
    NAME_COLUMN,
    numberColumn('Drivers', 'How many drivers the node has.', ({ spec }) => (spec.drivers ?? []).length),
    AGE_COLUMN,
  ],
});

function validateDrivers(drivers: readonly CSINodeDriver[]): FieldError[] {
  const names = drivers.map(({ name }) => name);
  return drivers.flatMap((driver, index) => {
    const field = `spec.drivers[${index}]`;
    return [
      ...checkDriverName(`${field}.name`, driver.name),
      ...checkPresent(`${field}.nodeID`, driver.nodeID),
      ...(driver.nodeID.length > NODE_ID_CHARS_MAX
        ? [invalidValue(`${field}.nodeID`, driver.nodeID, `must be ${NODE_ID_CHARS_MAX} characters or less`)]
        : []),
      ...checkNonNegative(`${field}.allocatable.count`, driver.allocatable?.count),
      ...checkFirst(`${field}.name`, names, index),
      ...validateTopologyKeys(field, driver.topologyKeys ?? []),
    ];
  });
}

function validateTopologyKeys(field: string, keys: readonly string[]): FieldError[] {
  return keys.flatMap((key, index) => [
    ...checkPresent(field, key),
    ...checkFirst(field, keys, index),
    ...checkName(field, key, qualifiedNameErrors),
  ]);
}

/** A driver that stays has what it had. */
function validateChange(drivers: readonly CSINodeDriver[], old: readonly CSINodeDriver[]): FieldError[] {
  return old.flatMap((before) => {
    const after = drivers.find(({ name }) => name === before.name);
    return after === undefined ? [] : checkUnchanged('spec.drivers', after, before);
  });
}
