import type { ResourceRequirements } from '#api/core/container.ts';
import { COUNTED_RESOURCES, STANDARD_RESOURCES } from '#api/core/standard-resources.ts';
import { checkOneOf, checkQuantity } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import { compareQuantities, readQuantity } from '#api/quantity.ts';
import { type FieldError, ShownValue } from '#api/status.ts';

/** Of the standard resources, those that a container can ask for. */
const CONTAINER_RESOURCES: readonly string[] = ['cpu', 'memory', 'ephemeral-storage'];
const POD_RESOURCES: readonly string[] = ['cpu', 'hugepages-', 'memory'];
const HUGE_PAGES = 'hugepages-';
const NANOS_PER_UNIT = 1_000_000_000n;

/** Whose resources they are, by which their names are judged. */
export type ResourceOwner = 'container' | 'pod';

/** What is wrong with what a container, or a whole pod, asks for. */
export function validateResources(
  field: string,
  resources: ResourceRequirements | undefined,
  owner: ResourceOwner,
): FieldError[] {
  if (resources === undefined) return [];
  const { limits = {}, requests = {} } = resources;
  const errors: FieldError[] = [];
  for (const [name, amount] of Object.entries(limits))
    errors.push(...validateAmount(`${field}.limits[${name}]`, name, amount, owner));
  for (const [name, amount] of Object.entries(requests)) {
    errors.push(
      ...validateAmount(`${field}.requests[${name}]`, name, amount, owner),
      ...validateRequest(field, { name, amount, limit: limits[name] }),
    );
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory'))
    errors.push(forbiddenField(field, 'HugePages require cpu or memory'));
  return errors;
}

/** What is wrong with what a pod takes beside its containers: the same as with their limits, and named so. */
export function validateOverhead(field: string, overhead: Record<string, string> | undefined): FieldError[] {
  return overhead === undefined ? [] : validateResources(field, { limits: overhead }, 'container');
}

/** What is wrong with one amount of a named resource; `field` is its place. */
function validateAmount(field: string, name: string, amount: string, of: ResourceOwner): FieldError[] {
  return [
    ...(of === 'container' && CONTAINER_RESOURCES.includes(name)
      ? []
      : validateResourceName(field, name, of)),
    ...checkQuantity(field, amount),
    ...checkWhole(field, name, amount),
    ...(isHugePages(name) ? validateHugePages(field, name, amount) : []),
  ];
}

/** An amount without a fraction, of resources that are counted: pods, devices. */
export function checkWhole(field: string, name: string, amount: string): FieldError[] {
  return isCounted(name) && !isWhole(amount) ? [invalidValue(field, amount, 'must be an integer')] : [];
}

/** What is wrong with the name of a resource of a container, of a pod, or of anything. */
export function validateResourceName(
  field: string,
  name: string,
  of: ResourceOwner | 'anything',
): FieldError[] {
  const wrong = (detail: string): FieldError => invalidValue(field, new ShownValue(name), detail);
  const errors = qualifiedNameErrors(name).map(wrong);
  if (errors.length === 0 && !name.includes('/') && !isStandard(name))
    errors.push(wrong('must be a standard resource type or fully qualified'));
  if (of === 'anything') return errors;
  if (of === 'pod')
    return errors.length > 0 || isHugePages(name) ? errors : checkOneOf(field, name, POD_RESOURCES);
  if (!name.includes('/')) {
    return CONTAINER_RESOURCES.includes(name) || isHugePages(name)
      ? errors
      : [...errors, wrong('must be a standard resource for containers')];
  }
  return isNative(name) || isExtended(name)
    ? errors
    : [...errors, wrong("doesn't follow extended resource name standard")];
}

function isStandard(name: string): boolean {
  return STANDARD_RESOURCES.has(name) || isHugePages(name) || name.startsWith(`requests.${HUGE_PAGES}`);
}

/** Whether less of a resource may be asked for than may be used. */
export function isOvercommittable(name: string): boolean {
  return isNative(name) && !isHugePages(name);
}

function validateRequest(
  field: string,
  { name, amount, limit }: { name: string; amount: string; limit: string | undefined },
): FieldError[] {
  if (limit === undefined) {
    return isOvercommittable(name)
      ? []
      : [requiredValue(`${field}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  const requested = readQuantity(amount);
  const limited = readQuantity(limit);
  if (requested === undefined || limited === undefined) return [];
  const order = compareQuantities(requested, limited);
  const path = `${field}.requests`;
  if (order !== 0 && !isOvercommittable(name))
    return [invalidValue(path, amount, `must be equal to ${name} limit of ${limit}`)];
  return order > 0
    ? [invalidValue(path, amount, `must be less than or equal to ${name} limit of ${limit}`)]
    : [];
}

function validateHugePages(field: string, name: string, amount: string): FieldError[] {
  const page = readQuantity(name.slice(HUGE_PAGES.length));
  const bytes = readQuantity(amount);
  const isDivisible =
    page !== undefined &&
    bytes !== undefined &&
    page.nanos > 0n &&
    page.nanos % NANOS_PER_UNIT === 0n &&
    bytes.nanos % page.nanos === 0n;
  return isDivisible
    ? []
    : [invalidValue(field, amount, `${amount} is not positive integer multiple of ${name}`)];
}

function isHugePages(name: string): boolean {
  return name.startsWith(HUGE_PAGES);
}

/** Of Kubernetes' own domain, or without one. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** A device or another whole thing that cannot be overcommitted: `example.com/gpu`. */
function isExtended(name: string): boolean {
  return (
    !isNative(name) && !name.startsWith('requests.') && qualifiedNameErrors(`requests.${name}`).length === 0
  );
}

function isCounted(name: string): boolean {
  return COUNTED_RESOURCES.has(name) || isExtended(name);
}

function isWhole(amount: string): boolean {
  return (readQuantity(amount)?.nanos ?? 0n) % NANOS_PER_UNIT === 0n;
}
