import { NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkQuantity } from '#api/field-checks.ts';
import { duplicateValue, invalidValue } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import { compareQuantities, readQuantity } from '#api/quantity.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

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
    for (const item of spec.limits ?? []) if (item.type === 'Container') defaultContainerLimits(item);
  },
  validate: ({ spec }) => validateLimits(spec.limits ?? []),
  columns: [
    NAME_COLUMN,
    textColumn('Created At', 'When it was made.', ({ metadata }) => metadata.creationTimestamp),
  ],
});

/** A maximum is also the default limit, the default limit also the default request; else a minimum is. */
function defaultContainerLimits(item: LimitRangeItem): void {
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
}

function validateLimits(limits: readonly LimitRangeItem[]): FieldError[] {
  const types = limits.map(({ type }) => type);
  return limits.flatMap((item, index) => {
    const field = `spec.limits[${index}]`;
    const amounts = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
    return [
      ...(types.indexOf(item.type) < index ? [duplicateValue(`${field}.type`, item.type)] : []),
      ...amounts.flatMap((name) =>
        Object.entries(item[name] ?? {}).flatMap(([resource, amount]) =>
          checkQuantity(`${field}.${name}[${resource}]`, amount),
        ),
      ),
      ...validateOrder(field, item, ['min', 'max']),
      ...validateOrder(field, item, ['defaultRequest', 'default']),
      ...validateOrder(field, item, ['default', 'max']),
      ...validateOrder(field, item, ['min', 'defaultRequest']),
    ];
  });
}

type Bound = 'min' | 'max' | 'default' | 'defaultRequest';

function validateOrder(field: string, item: LimitRangeItem, [lower, upper]: [Bound, Bound]): FieldError[] {
  return Object.entries(item[lower] ?? {}).flatMap(([resource, amount]) => {
    const low = readQuantity(amount);
    const high = readQuantity(item[upper]?.[resource]);
    const isAbove = low !== undefined && high !== undefined && compareQuantities(low, high) > 0;
    const detail = `${lower} value ${amount} is greater than ${upper} value ${item[upper]?.[resource]}`;
    return isAbove ? [invalidValue(`${field}.${lower}[${resource}]`, amount, detail)] : [];
  });
}
