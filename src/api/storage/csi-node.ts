import { AGE_COLUMN, NAME_COLUMN, numberColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkPresent, checkUnique } from '#api/field-checks.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

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
  validate: ({ spec }) => [
    ...spec.drivers.flatMap(({ nodeID }, index) => checkPresent(`spec.drivers[${index}].nodeID`, nodeID)),
    ...checkUnique(
      spec.drivers.map(({ name }) => name),
      (index) => `spec.drivers[${index}].name`,
    ),
  ],
  columns: [
    NAME_COLUMN,
    numberColumn('Drivers', 'How many drivers the node has.', ({ spec }) => (spec.drivers ?? []).length),
    AGE_COLUMN,
  ],
});
