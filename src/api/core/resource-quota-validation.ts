import type { ResourceQuota, ResourceQuotaSpec } from '#api/core/resource-quota.ts';
import { COMPUTE_RESOURCES, COUNTED_RESOURCES, QUOTA_RESOURCES } from '#api/core/standard-resources.ts';
import { checkQuantity } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import { readQuantity } from '#api/quantity.ts';
import { type FieldError, ShownValue } from '#api/status.ts';

/** Which of the standard resources a scope can be applied to. */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  BestEffort: ['pods'],
  NotBestEffort: ['pods', ...COMPUTE_RESOURCES],
  Terminating: ['pods', ...COMPUTE_RESOURCES],
  NotTerminating: ['pods', ...COMPUTE_RESOURCES],
  PriorityClass: ['pods', ...COMPUTE_RESOURCES],
  CrossNamespacePodAffinity: ['pods', ...COMPUTE_RESOURCES],
};

const CONFLICTS: readonly (readonly [string, string])[] = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

const NANOS = 1_000_000_000n;

/** What is wrong with a quota. Source: `ValidateResourceQuota` and `ValidateResourceQuotaUpdate`. */
export function validateResourceQuota({ spec }: ResourceQuota, old: ResourceQuota | undefined): FieldError[] {
  const before = new Set(old?.spec.scopes);
  const scopes = new Set(spec.scopes);
  const isMoved =
    old !== undefined && (before.size !== scopes.size || [...scopes].some((each) => !before.has(each)));
  return [
    ...Object.entries(spec.hard ?? {}).flatMap(([name, amount]) => amountErrors(name, amount)),
    ...scopeErrors(spec),
    ...selectorErrors(spec),
    ...(isMoved ? [invalidValue('spec.scopes', spec.scopes ?? null, 'field is immutable')] : []),
  ];
}

function amountErrors(name: string, amount: string): FieldError[] {
  const field = `spec.hard[${name}]`;
  const shown = new ShownValue(name);
  const malformed = qualifiedNameErrors(name).map((detail) => invalidValue(field, shown, detail));
  const quantity = readQuantity(amount);
  const isWhole = quantity === undefined || quantity.nanos % NANOS === 0n;
  return [
    ...malformed,
    ...(malformed.length > 0 || name.includes('/') || isStandard(name) ? [] : nameErrors(field, name, shown)),
    ...checkQuantity(field, amount),
    ...(isCounted(name) && !isWhole ? [invalidValue(field, amount, 'must be an integer')] : []),
  ];
}

function nameErrors(field: string, name: string, shown: ShownValue): FieldError[] {
  const known =
    name === 'storage'
      ? []
      : [invalidValue(field, shown, 'must be a standard resource type or fully qualified')];
  return [...known, invalidValue(field, shown, 'must be a standard resource for quota')];
}

function isStandard(name: string): boolean {
  return QUOTA_RESOURCES.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
}

/** Also what others have defined, which is always whole. */
function isCounted(name: string): boolean {
  if (COUNTED_RESOURCES.has(name)) return true;
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

function scopeErrors(spec: ResourceQuotaSpec): FieldError[] {
  const { scopes = [] } = spec;
  const field = 'spec.scopes';
  return [
    ...scopes.flatMap((scope) => [
      ...(Object.hasOwn(SCOPES, scope) ? [] : [invalidValue(field, scopes, 'unsupported scope')]),
      ...unfit(spec, scope).map(() => invalidValue(field, scopes, 'unsupported scope applied to resource')),
    ]),
    ...conflicts(scopes).map(() => invalidValue(field, scopes, 'conflicting scopes')),
  ];
}

/** The resources of a quota that a scope cannot be applied to. */
function unfit({ hard = {} }: ResourceQuotaSpec, scope: string): string[] {
  const fit = SCOPES[scope];
  return fit === undefined ? [] : Object.keys(hard).filter((name) => isStandard(name) && !fit.includes(name));
}

function conflicts(scopes: readonly string[]): unknown[] {
  return CONFLICTS.filter((pair) => pair.every((scope) => scopes.includes(scope)));
}

/** Upstream names the list, not the element. */
function selectorErrors(spec: ResourceQuotaSpec): FieldError[] {
  const { matchExpressions = [] } = spec.scopeSelector ?? {};
  const field = 'spec.scopeSelector.matchExpressions';
  return [
    ...matchExpressions.flatMap(({ scopeName, operator, values = [] }) => [
      ...(Object.hasOwn(SCOPES, scopeName)
        ? []
        : [invalidValue(`${field}.scopeName`, scopeName, 'unsupported scope')]),
      ...unfit(spec, scopeName).map(() =>
        invalidValue(field, spec.scopeSelector, 'unsupported scope applied to resource'),
      ),
      ...(scopeName !== 'PriorityClass' && Object.hasOwn(SCOPES, scopeName) && operator !== 'Exists'
        ? [
            invalidValue(
              `${field}.operator`,
              operator,
              "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
            ),
          ]
        : []),
      ...operatorErrors(field, operator, values),
    ]),
    ...conflicts(matchExpressions.map(({ scopeName }) => scopeName)).map(() =>
      invalidValue(field, spec.scopes ?? null, 'conflicting scopes'),
    ),
  ];
}

function operatorErrors(field: string, operator: string, values: readonly string[]): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [
            requiredValue(
              `${field}.values`,
              "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            ),
          ];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [
            invalidValue(
              `${field}.values`,
              values,
              "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            ),
          ];
    default:
      return [invalidValue(`${field}.operator`, operator, 'not a valid selector operator')];
  }
}
