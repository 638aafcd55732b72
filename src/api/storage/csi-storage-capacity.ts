import { NAME_COLUMN, textColumn } from '#api/columns.ts';
import { validateAmount } from '#api/core/resources-validation.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkPresent, checkUnchanged } from '#api/field-checks.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `storage.k8s.io/v1.CSIStorageCapacity`. */
export interface CSIStorageCapacity extends KubeObject {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'CSIStorageCapacity';
  capacity?: string;
  maximumVolumeSize?: string;
  nodeTopology?: LabelSelector;
  storageClassName: string;
}

/** `csistoragecapacities.storage.k8s.io`. */
export const csiStorageCapacityResource: ResourceType<CSIStorageCapacity> =
  defineResource<CSIStorageCapacity>({
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'CSIStorageCapacity',
    plural: 'csistoragecapacities',
    schema: 'storage/v1.CSIStorageCapacity',
    hasGeneration: false,
    validate: ({ capacity, maximumVolumeSize, storageClassName, nodeTopology }, old) => [
      ...checkPresent('storageClassName', storageClassName),
      ...checkName('storageClassName', storageClassName, subdomainNameErrors),
      ...(capacity === undefined ? [] : validateAmount('capacity', ['capacity', capacity])),
      ...(maximumVolumeSize === undefined
        ? []
        : validateAmount('maximumVolumeSize', ['maximumVolumeSize', maximumVolumeSize])),
      ...(old === undefined
        ? []
        : [
            ...checkUnchanged('nodeTopology', nodeTopology, old.nodeTopology),
            ...checkUnchanged('storageClassName', storageClassName, old.storageClassName),
          ]),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('StorageClassName', 'The class of the storage.', ({ storageClassName }) => storageClassName),
      textColumn('Capacity', 'How much is left.', ({ capacity }) => capacity ?? '<unset>'),
    ],
  });
