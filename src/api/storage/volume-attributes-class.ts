import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { requiredValue } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { checkFixed, checkParameters, checkProvisioner } from '#api/storage/provisioner.ts';

/** `storage.k8s.io/v1.VolumeAttributesClass`. */
export interface VolumeAttributesClass extends KubeObject {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'VolumeAttributesClass';
  driverName: string;
  parameters?: Record<string, string>;
}

/** `volumeattributesclasses.storage.k8s.io`. */
export const volumeAttributesClassResource: ResourceType<VolumeAttributesClass> =
  defineResource<VolumeAttributesClass>({
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'VolumeAttributesClass',
    plural: 'volumeattributesclasses',
    shortNames: ['vac'],
    namespaced: false,
    schema: 'storage/v1.VolumeAttributesClass',
    hasGeneration: false,
    fillsZeros: true,
    validate: ({ driverName, parameters = {} }, old) => [
      ...(old === undefined
        ? []
        : [
            ...checkFixed('driverName', driverName, old.driverName),
            ...checkFixed('parameters', parameters, old.parameters ?? {}),
          ]),
      ...checkProvisioner('driverName', driverName),
      ...checkParameters('parameters', parameters),
      ...(Object.keys(parameters).length === 0
        ? [requiredValue('parameters', 'must contain at least one key/value pair')]
        : []),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('DriverName', 'The driver that knows the parameters.', ({ driverName }) => driverName),
      AGE_COLUMN,
    ],
  });
