import type { ObjectFieldSelector, ResourceFieldSelector } from '#api/core/environment.ts';
import { checkName, checkOneOf, checkPresent } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** Fields of a pod that a container's environment can show, beside single labels and annotations. */
export const ENVIRONMENT_FIELDS: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** Fields of a pod that a volume can show, beside single labels and annotations. */
export const VOLUME_FIELDS: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

/** Fields that the downward API knows: others are refused before it is asked where they can be shown. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...ENVIRONMENT_FIELDS,
  ...VOLUME_FIELDS,
  'spec.host',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);

/** `metadata.labels['app']` and `metadata.annotations['note']`. */
const SUBSCRIPT = /^([^']+?)\['(.*)'\]$/s;

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const HUGE_PAGES = /^(?:limits|requests)\.hugepages-/;

const CPU_DIVISORS: ReadonlySet<string> = new Set(['1m', '1']);
const BYTE_DIVISORS = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';
const BYTE_DIVISOR_SET: ReadonlySet<string> = new Set(BYTE_DIVISORS.split(', '));

/** What is wrong with a field of the pod that is to be shown. */
export function validateFieldRef(
  field: string,
  { apiVersion = '', fieldPath }: ObjectFieldSelector,
  shown: readonly string[],
): FieldError[] {
  const path = `${field}.fieldPath`;
  if (apiVersion === '') return [requiredValue(`${field}.apiVersion`)];
  if (fieldPath === '') return [requiredValue(path)];
  const wrong = (why: string): FieldError[] => [
    invalidValue(path, fieldPath, `error converting fieldPath: ${why}`),
  ];
  if (apiVersion !== 'v1') return wrong(`unsupported pod version: ${apiVersion}`);
  const [, map, key = ''] = SUBSCRIPT.exec(fieldPath) ?? [];
  if (map === undefined) {
    return KNOWN_FIELDS.has(fieldPath)
      ? checkOneOf(path, fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath, shown)
      : wrong(`field label not supported: ${fieldPath}`);
  }
  switch (map) {
    case 'metadata.labels':
      return checkName(field, key, qualifiedNameErrors);
    case 'metadata.annotations':
      return checkName(field, key.toLowerCase(), qualifiedNameErrors);
    default:
      return wrong(`field label does not support subscript: ${fieldPath}`);
  }
}

/** What is wrong with a container's resource that is to be shown. In an environment the container is its own. */
export function validateResourceFieldRef(
  field: string,
  { containerName, resource, divisor = '0' }: ResourceFieldSelector,
  { ofVolume }: { ofVolume: boolean },
): FieldError[] {
  const named = ofVolume ? checkPresent(`${field}.containerName`, containerName) : [];
  if (named.length > 0) return [...named, ...validateDivisor(field, resource, divisor)];
  if (resource === '') return [requiredValue(`${field}.resource`)];
  return [
    ...(HUGE_PAGES.test(resource) ? [] : checkOneOf(`${field}.resource`, resource, RESOURCES)),
    ...validateDivisor(field, resource, divisor),
  ];
}

function validateDivisor(field: string, resource: string, divisor: string): FieldError[] {
  if (divisor === '0') return [];
  const wrong = (why: string): FieldError[] => [
    invalidValue(`${field}.divisor`, resource, `only divisor's values ${why}`),
  ];
  if (resource.endsWith('.cpu') && RESOURCES.includes(resource))
    return CPU_DIVISORS.has(divisor) ? [] : wrong('1m and 1 are supported with the cpu resource');
  const kind = byteKindOf(resource);
  return kind === undefined || BYTE_DIVISOR_SET.has(divisor)
    ? []
    : wrong(`${BYTE_DIVISORS} are supported with the ${kind} resource`);
}

function byteKindOf(resource: string): string | undefined {
  switch (resource) {
    case 'limits.memory':
    case 'requests.memory':
      return 'memory';
    case 'limits.ephemeral-storage':
    case 'requests.ephemeral-storage':
      return 'local ephemeral storage';
    default:
      return HUGE_PAGES.test(resource) ? 'hugepages' : undefined;
  }
}
