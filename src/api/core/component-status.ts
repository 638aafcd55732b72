import { NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.ComponentStatus`. */
export interface ComponentStatus extends KubeObject {
  apiVersion: 'v1';
  kind: 'ComponentStatus';
  conditions: ComponentCondition[];
}

/** `core/v1.ComponentCondition`. */
export interface ComponentCondition {
  type: 'Healthy';
  status: 'True' | 'False' | 'Unknown';
  message?: string;
  error?: string;
}

const STATUS_WORDS = { True: 'Healthy', False: 'Unhealthy', Unknown: 'Unknown' } as const;

/** `componentstatuses`: made whenever they are read, and never stored. */
export const componentStatusResource: ResourceType<ComponentStatus> = defineResource<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  namespaced: false,
  schema: 'core/v1.ComponentStatus',
  columns: [
    NAME_COLUMN,
    textColumn(
      'Status',
      'Whether the component works.',
      ({ conditions }) => STATUS_WORDS[conditions[0]?.status ?? 'Unknown'],
    ),
    textColumn('Message', 'What it says of itself.', ({ conditions }) => conditions[0]?.message ?? ''),
    textColumn('Error', 'What is wrong with it.', ({ conditions }) => conditions[0]?.error ?? ''),
  ],
});
