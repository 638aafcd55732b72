import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkOneOf, checkUnchanged } from '#api/field-checks.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `storage.k8s.io/v1.StorageClass`. */
export interface StorageClass extends KubeObject {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'StorageClass';
  allowVolumeExpansion?: boolean;
  allowedTopologies?: TopologySelectorTerm[];
  mountOptions?: string[];
  parameters?: Record<string, string>;
  provisioner: string;
  reclaimPolicy?: 'Retain' | 'Delete';
  volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer';
}

/** `storage.k8s.io/v1.TopologySelectorTerm`. */
export interface TopologySelectorTerm {
  matchLabelExpressions?: TopologySelectorLabelRequirement[];
}

/** `storage.k8s.io/v1.TopologySelectorLabelRequirement`. */
export interface TopologySelectorLabelRequirement {
  key: string;
  values: string[];
}

/** The annotation of the class that claims without one get. */
export const DEFAULT_CLASS_ANNOTATION = 'storageclass.kubernetes.io/is-default-class';

/** `storageclasses.storage.k8s.io`. */
export const storageClassResource: ResourceType<StorageClass> = defineResource<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  schema: 'storage/v1.StorageClass',
  hasGeneration: false,
  applyDefaults: (storageClass) => {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate: (storageClass, old) => [
    ...checkName('provisioner', storageClass.provisioner.toLowerCase(), qualifiedNameErrors),
    ...checkOneOf('reclaimPolicy', storageClass.reclaimPolicy, ['Delete', 'Retain']),
    ...checkOneOf('volumeBindingMode', storageClass.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']),
    ...(old === undefined
      ? []
      : (['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const).flatMap((field) =>
          checkUnchanged(field, storageClass[field], old[field]),
        )),
  ],
  columns: [
    {
      ...NAME_COLUMN,
      cell: ({ metadata }) =>
        metadata.annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true'
          ? `${metadata.name} (default)`
          : metadata.name,
    },
    textColumn('Provisioner', 'Who makes the volumes.', ({ provisioner }) => provisioner),
    textColumn(
      'ReclaimPolicy',
      'What becomes of a released volume.',
      ({ reclaimPolicy }) => reclaimPolicy ?? '',
    ),
    textColumn(
      'VolumeBindingMode',
      'When a volume is made.',
      ({ volumeBindingMode }) => volumeBindingMode ?? '',
    ),
    {
      name: 'AllowVolumeExpansion',
      type: 'boolean',
      description: 'Whether volumes can grow.',
      priority: 0,
      cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
    },
    AGE_COLUMN,
  ],
});
