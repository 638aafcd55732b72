import type { ResourceRequirements } from '#api/core/container.ts';
import { checkName, checkQuantity } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import { compareQuantities, readQuantity } from '#api/quantity.ts';
import type { FieldError } from '#api/status.ts';

/** Resources without a domain that a container can ask for. */
const STANDARD_RESOURCES = ['cpu', 'memory', 'ephemeral-storage'];

/** What is wrong with what a container asks for. */
export function validateResources(
  field: string,
  { limits = {}, requests = {} }: ResourceRequirements = {},
): FieldError[] {
  return [
    ...Object.entries(limits).flatMap((entry) => validateAmount(`${field}.limits`, entry)),
    ...Object.entries(requests).flatMap((entry) => validateAmount(`${field}.requests`, entry)),
    ...Object.entries(requests).flatMap((entry) => validateRequest(`${field}.requests`, entry, limits)),
    ...Object.keys(limits).flatMap((name) =>
      isExtended(name) && requests[name] === undefined ? [requiredValue(`${field}.requests[${name}]`)] : [],
    ),
  ];
}

/** One amount of a named resource. */
export function validateAmount(field: string, [name, amount]: [string, string]): FieldError[] {
  const path = `${field}[${name}]`;
  const isKnown = STANDARD_RESOURCES.includes(name) || name.startsWith('hugepages-') || name.includes('/');
  return [
    ...checkName(field, name, qualifiedNameErrors),
    ...(isKnown ? [] : [invalidValue(field, name, 'must be a standard resource for containers')]),
    ...checkQuantity(path, amount),
    ...(isExtended(name) && (readQuantity(amount)?.nanos ?? 0n) % 1_000_000_000n !== 0n
      ? [invalidValue(path, amount, 'must be an integer')]
      : []),
  ];
}

function validateRequest(
  field: string,
  [name, amount]: [string, string],
  limits: Readonly<Record<string, string>>,
): FieldError[] {
  const request = readQuantity(amount);
  const limit = readQuantity(limits[name]);
  if (request === undefined || limit === undefined) return [];
  const order = compareQuantities(request, limit);
  if (isExtended(name) && order !== 0) {
    return [invalidValue(field, amount, `must be equal to ${name} limit of ${limits[name]}`)];
  }
  return order > 0
    ? [invalidValue(field, amount, `must be less than or equal to ${name} limit of ${limits[name]}`)]
    : [];
}

/** A device or another whole thing that cannot be overcommitted: `example.com/gpu`. */
function isExtended(name: string): boolean {
  return name.includes('/') && !name.startsWith('kubernetes.io/');
}
