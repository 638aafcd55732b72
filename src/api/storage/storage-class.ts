import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { nodeLabelDeprecation } from '#api/core/node-labels.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkOneOf, checkPresent, checkUnchanged, checkUnique } from '#api/field-checks.ts';
import { duplicateValue } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';
import { checkFixed, checkParameters, checkProvisioner } from '#api/storage/provisioner.ts';

/** `storage.k8s.io/v1.StorageClass`. */
export interface StorageClass extends KubeObject {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'StorageClass';
  allowVolumeExpansion?: boolean;
  allowedTopologies?: TopologySelectorTerm[];
  mountOptions?: string[];
  parameters?: Record<string, string>;
  provisioner: string;
  reclaimPolicy?: 'Retain' | 'Delete' | '';
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
  fillsZeros: true,
  validate: (storageClass, old) => [
    ...checkProvisioner('provisioner', storageClass.provisioner),
    ...checkParameters('parameters', storageClass.parameters ?? {}),
    ...(storageClass.reclaimPolicy === ''
      ? []
      : checkOneOf('reclaimPolicy', storageClass.reclaimPolicy, ['Delete', 'Retain'])),
    ...checkOneOf('volumeBindingMode', storageClass.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']),
    ...validateTopologies(storageClass.allowedTopologies ?? []),
    ...(old === undefined ? [] : validateChange(storageClass, old)),
  ],
  warnings: ({ allowedTopologies = [] }) => allowedTopologies.flatMap(topologyWarnings),
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

function validateChange(storageClass: StorageClass, old: StorageClass): FieldError[] {
  return [
    ...checkFixed('parameters', storageClass.parameters ?? {}, old.parameters ?? {}),
    ...checkFixed('provisioner', storageClass.provisioner, old.provisioner),
    ...checkFixed('reclaimPolicy', storageClass.reclaimPolicy, old.reclaimPolicy),
    ...checkUnchanged('volumeBindingMode', storageClass.volumeBindingMode, old.volumeBindingMode),
  ];
}

function validateTopologies(terms: readonly TopologySelectorTerm[]): FieldError[] {
  const texts = terms.map(termText);
  return terms.flatMap(({ matchLabelExpressions = [] }, index) => {
    const field = `allowedTopologies[${index}].matchLabelExpressions`;
    const keys = matchLabelExpressions.map(({ key }) => key);
    return [
      ...matchLabelExpressions.flatMap(({ key, values }, at) => [
        ...checkPresent(`${field}[${at}].values`, values),
        ...checkUnique(values, (place) => `${field}[${at}].values[${place}]`),
        ...checkName(`${field}[${at}].key`, key, qualifiedNameErrors),
      ]),
      ...checkUnique(keys, (at) => `${field}[${at}].key`),
      ...(keys.length === 0 || texts.indexOf(texts[index] ?? '') < index ? [duplicateValue(field, '')] : []),
    ];
  });
}

/** What a term says, whatever the order in which it does. */
function termText({ matchLabelExpressions = [] }: TopologySelectorTerm): string {
  const values = new Map(matchLabelExpressions.map((one) => [one.key, [...new Set(one.values)].sort()]));
  return JSON.stringify([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function topologyWarnings({ matchLabelExpressions = [] }: TopologySelectorTerm, index: number): string[] {
  return matchLabelExpressions.flatMap(({ key }, at) => {
    const deprecation = nodeLabelDeprecation(key);
    const field = `allowedTopologies[${index}].matchLabelExpressions[${at}].key`;
    return deprecation === undefined ? [] : [`${field}: ${deprecation}`];
  });
}
