import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkPresent, checkUnchanged } from '#api/field-checks.ts';
import { requiredValue } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

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
    validate: ({ driverName, parameters }, old) => [
      ...checkPresent('driverName', driverName),
      ...(Object.keys(parameters ?? {}).length === 0
        ? [requiredValue('parameters', 'must contain at least one key/value pair')]
        : []),
      ...(old === undefined
        ? []
        : [
            ...checkUnchanged('driverName', driverName, old.driverName),
            ...checkUnchanged('parameters', parameters, old.parameters),
          ]),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('DriverName', 'The driver that knows the parameters.', ({ driverName }) => driverName),
      AGE_COLUMN,
    ],
  });
