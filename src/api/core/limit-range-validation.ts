import type { LimitRange, LimitRangeItem } from '#api/core/limit-range.ts';
import { isOvercommittable, validateResourceName } from '#api/core/resources-validation.ts';
import { checkFirst, checkName } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import { readQuantity } from '#api/quantity.ts';
import type { FieldError } from '#api/status.ts';

const STANDARD_TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];
const BOUNDS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
/** Of pods as a whole there are no defaults. */
const BOUNDS_OF_PODS = ['max', 'min', 'maxLimitRequestRatio'] as const;
const NANOS_PER_UNIT = 1_000_000_000n;

type Bound = (typeof BOUNDS)[number];

/** What is wrong with the limits of a namespace. Source: Kubernetes' `ValidateLimitRange`. */
export function validateLimitRange({ spec: { limits } }: LimitRange): FieldError[] {
  const types = limits.map(({ type }) => type);
  return limits.flatMap((item, index) => {
    const field = `spec.limits[${index}]`;
    const bounds: readonly Bound[] = item.type === 'Pod' ? BOUNDS_OF_PODS : BOUNDS;
    const owner = item.type === 'Pod' || item.type === 'Container' ? 'container' : 'anything';
    const names = bounds.flatMap((bound) => Object.keys(item[bound] ?? {}));
    return [
      ...validateType(`${field}.type`, item.type),
      ...checkFirst(`${field}.type`, types, index),
      ...bounds.flatMap((bound) =>
        Object.keys(item[bound] ?? {}).flatMap((name) =>
          validateResourceName(`${field}.${bound}[${name}]`, name, owner),
        ),
      ),
      ...validateKind(field, item),
      ...[...new Set(names)].flatMap((name) => validateBounds(field, item, name)),
    ];
  });
}

function validateType(field: string, type: string): FieldError[] {
  const errors = checkName(field, type, qualifiedNameErrors);
  if (errors.length > 0 || type.includes('/') || STANDARD_TYPES.includes(type)) return errors;
  return [invalidValue(field, type, 'must be a standard limit type or fully qualified')];
}

function validateKind(field: string, item: LimitRangeItem): FieldError[] {
  switch (item.type) {
    case 'Pod':
      return (['default', 'defaultRequest'] as const).flatMap((bound) =>
        Object.keys(item[bound] ?? {}).length > 0
          ? [forbiddenField(`${field}.${bound}`, "may not be specified when `type` is 'Pod'")]
          : [],
      );
    case 'PersistentVolumeClaim':
      return item.min?.storage === undefined && item.max?.storage === undefined
        ? [
            requiredValue(
              `${field}.limits`,
              'either minimum or maximum storage value is required, but neither was provided',
            ),
          ]
        : [];
    default:
      return [];
  }
}

/** In which order the bounds of one resource have to be, and which of them is wrong where they are not. */
const ORDERS: readonly (readonly [lower: Bound, upper: Bound, named: Bound, value: Bound])[] = [
  ['min', 'max', 'min', 'min'],
  ['min', 'defaultRequest', 'defaultRequest', 'defaultRequest'],
  ['defaultRequest', 'max', 'defaultRequest', 'defaultRequest'],
  ['defaultRequest', 'default', 'defaultRequest', 'defaultRequest'],
  ['min', 'default', 'default', 'min'],
  ['default', 'max', 'default', 'max'],
];

/** What the bounds are called in messages. */
const WORDS: Readonly<Record<Bound, string>> = {
  min: 'min value',
  max: 'max value',
  default: 'default value',
  defaultRequest: 'default request value',
  maxLimitRequestRatio: 'ratio',
};

function validateBounds(field: string, item: LimitRangeItem, name: string): FieldError[] {
  // Defaults of pods are refused as a whole.
  const isPod = item.type === 'Pod';
  const textOf = (bound: Bound): string | undefined =>
    isPod && bound.startsWith('default') ? undefined : item[bound]?.[name];
  const orders = ORDERS.flatMap(([lower, upper, named, value]) => {
    const low = textOf(lower);
    const high = textOf(upper);
    if (low === undefined || high === undefined || nanosOf(low) <= nanosOf(high)) return [];
    const upperWord =
      lower === 'defaultRequest' && upper === 'default' ? 'default limit value' : WORDS[upper];
    const detail = `${WORDS[lower]} ${low} is greater than ${upperWord} ${high}`;
    return [invalidValue(`${field}.${named}[${name}]`, textOf(value), detail)];
  });
  return [
    ...orders,
    ...validateRatio(`${field}.maxLimitRequestRatio[${name}]`, textOf),
    ...validateWhole(`${field}.defaultRequest[${name}]`, name, textOf),
  ];
}

function nanosOf(amount: string): bigint {
  return readQuantity(amount)?.nanos ?? 0n;
}

function validateRatio(field: string, textOf: (bound: Bound) => string | undefined): FieldError[] {
  const ratio = textOf('maxLimitRequestRatio');
  if (ratio === undefined) return [];
  const min = textOf('min');
  const max = textOf('max');
  const errors: FieldError[] = [];
  if (nanosOf(ratio) < NANOS_PER_UNIT)
    errors.push(invalidValue(field, ratio, `ratio ${ratio} is less than 1`));
  if (min === undefined || max === undefined) return errors;
  const limit = Number(nanosOf(max)) / Number(nanosOf(min));
  if (Number(nanosOf(ratio)) / Number(NANOS_PER_UNIT) > limit)
    errors.push(invalidValue(field, ratio, `ratio ${ratio} is greater than max/min = ${limit.toFixed(6)}`));
  return errors;
}

/** What cannot be shared is requested in full. */
function validateWhole(
  field: string,
  name: string,
  textOf: (bound: Bound) => string | undefined,
): FieldError[] {
  const limit = textOf('default');
  const request = textOf('defaultRequest');
  if (limit === undefined || request === undefined || isOvercommittable(name)) return [];
  const detail = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
  return nanosOf(limit) === nanosOf(request) ? [] : [invalidValue(field, request, detail)];
}
