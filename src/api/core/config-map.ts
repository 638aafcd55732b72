import { AGE_COLUMN, countColumn, NAME_COLUMN } from '#api/columns.ts';
import { validateConfigChange, validateConfigData } from '#api/core/config-data-validation.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.ConfigMap`. */
export interface ConfigMap extends KubeObject {
  apiVersion: 'v1';
  kind: 'ConfigMap';
  binaryData?: Record<string, string>;
  data?: Record<string, string>;
  immutable?: boolean;
}

/** `configmaps`. */
export const configMapResource: ResourceType<ConfigMap> = defineResource<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  schema: 'core/v1.ConfigMap',
  fillsZeros: true,
  hasGeneration: false,
  validate: (configMap, old) => [
    ...validateConfigData({
      text: configMap.data,
      binary: configMap.binaryData,
      // As in Kubernetes: a path of one empty name.
      names: { binary: 'binaryData', whole: '[]' },
    }),
    ...validateConfigChange(configMap, old),
  ],
  columns: [
    NAME_COLUMN,
    countColumn(
      'Data',
      'How many entries there are.',
      ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    ),
    AGE_COLUMN,
  ],
});
