import { NAME_COLUMN } from '#api/columns.ts';
import { validateLimitRange } from '#api/core/limit-range-validation.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.LimitRange`. */
export interface LimitRange extends KubeObject {
  apiVersion: 'v1';
  kind: 'LimitRange';
  spec: LimitRangeSpec;
}

/** `core/v1.LimitRangeSpec`. */
export interface LimitRangeSpec {
  limits: LimitRangeItem[];
}

/** `core/v1.LimitRangeItem`. */
export interface LimitRangeItem {
  default?: Record<string, string>;
  defaultRequest?: Record<string, string>;
  max?: Record<string, string>;
  maxLimitRequestRatio?: Record<string, string>;
  min?: Record<string, string>;
  type: string;
}

/** `limitranges`. */
export const limitRangeResource: ResourceType<LimitRange> = defineResource<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  schema: 'core/v1.LimitRange',
  fillsZeros: true,
  hasGeneration: false,
  applyDefaults: ({ spec }) => {
    spec.limits ??= [];
    for (const item of spec.limits) if (item.type === 'Container') defaultContainerLimits(item);
  },
  // As in Kubernetes, a name is made up where there is none.
  prepare: ({ metadata }) => {
    if (metadata.name === '') metadata.name = metadata.uid;
  },
  validate: validateLimitRange,
  columns: [
    NAME_COLUMN,
    {
      name: 'Created At',
      type: 'date',
      description: 'When it was made.',
      priority: 0,
      cell: ({ metadata }) => metadata.creationTimestamp,
    },
  ],
});

/** A maximum is also the default limit, the default limit also the default request; else a minimum is. */
function defaultContainerLimits(item: LimitRangeItem): void {
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
}
