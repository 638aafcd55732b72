import { NAME_COLUMN, textColumn } from '#api/columns.ts';
import { nodeLabelDeprecation } from '#api/core/node-labels.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabelSelector, checkName, checkQuantity, checkUnchanged } from '#api/field-checks.ts';
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
    fillsZeros: true,
    validate: ({ capacity, storageClassName, nodeTopology }, old) => [
      ...checkLabelSelector('nodeTopology', nodeTopology),
      ...checkName('storageClassName', storageClassName, subdomainNameErrors),
      ...checkQuantity('capacity', capacity),
      ...(old === undefined
        ? []
        : [
            ...checkUnchanged('nodeTopology', nodeTopology, old.nodeTopology),
            ...checkUnchanged('storageClassName', storageClassName, old.storageClassName),
          ]),
    ],
    warnings: ({ nodeTopology = {} }) => topologyWarnings(nodeTopology),
    columns: [
      NAME_COLUMN,
      textColumn('StorageClassName', 'The class of the storage.', ({ storageClassName }) => storageClassName),
      textColumn('Capacity', 'How much is left.', ({ capacity }) => capacity ?? '<unset>'),
    ],
  });

function topologyWarnings({ matchExpressions = [], matchLabels = {} }: LabelSelector): string[] {
  return [
    ...matchExpressions.flatMap(({ key }, index) => {
      const deprecation = nodeLabelDeprecation(key);
      const field = `nodeTopology.matchExpressions[${index}].key`;
      return deprecation === undefined ? [] : [`${field}: ${key} is ${deprecation}`];
    }),
    ...Object.keys(matchLabels).flatMap((key) => {
      const deprecation = nodeLabelDeprecation(key);
      return deprecation === undefined ? [] : [`nodeTopology.matchLabels.${key}: ${deprecation}`];
    }),
  ];
}
