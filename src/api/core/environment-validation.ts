import type { EnvFromSource, EnvVar, EnvVarSource } from '#api/core/environment.ts';
import { checkName, checkOneOf, checkPresent } from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import { configKeyErrors, environmentNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** Fields of a pod that a container's environment can show. */
const ENVIRONMENT_FIELDS = [
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
/** `metadata.labels['app']` and `metadata.annotations['note']`. */
const SUBSCRIPT = /^metadata\.(?:labels|annotations)\['[^']+'\]$/;

const CONTAINER_RESOURCES = /^(?:limits|requests)\.(?:cpu|memory|ephemeral-storage|hugepages-\S+)$/;

/** What is wrong with a container's environment. */
export function validateEnvironment(
  field: string,
  { env = [], envFrom = [] }: { env?: readonly EnvVar[]; envFrom?: readonly EnvFromSource[] },
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, variable] of env.entries()) {
    // Nearly every variable is a name and a value: no path is made for those.
    if (variable.valueFrom !== undefined || !isEnvironmentName(variable.name))
      errors.push(...validateVariable(`${field}.env[${index}]`, variable));
  }
  return [
    ...errors,
    ...envFrom.flatMap((source, index) => validateEnvFrom(`${field}.envFrom[${index}]`, source)),
  ];
}

function isEnvironmentName(name: string): boolean {
  return name !== '' && environmentNameErrors(name).length === 0;
}

function validateVariable(field: string, { name, value, valueFrom }: EnvVar): FieldError[] {
  const present = checkPresent(`${field}.name`, name);
  return [
    ...(present.length > 0 ? present : checkName(`${field}.name`, name, environmentNameErrors)),
    ...(valueFrom === undefined ? [] : validateSource(`${field}.valueFrom`, { source: valueFrom, value })),
  ];
}

function validateSource(
  field: string,
  { source, value }: { source: EnvVarSource; value: string | undefined },
): FieldError[] {
  const given = Object.values(source).filter((item) => item !== undefined).length;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  const keyRefs = { configMapKeyRef, secretKeyRef, fileKeyRef };
  return [
    ...(given === 0
      ? [
          invalidValue(
            field,
            '',
            'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
          ),
        ]
      : []),
    ...(given > 0 && value !== undefined && value !== ''
      ? [invalidValue(field, '', 'may not be specified when `value` is not empty')]
      : []),
    ...(given > 1 ? [invalidValue(field, '', 'may not have more than one field specified at a time')] : []),
    ...(fieldRef === undefined
      ? []
      : validateFieldPath(`${field}.fieldRef.fieldPath`, fieldRef.fieldPath, ENVIRONMENT_FIELDS)),
    ...(resourceFieldRef === undefined
      ? []
      : validateResource(`${field}.resourceFieldRef.resource`, resourceFieldRef.resource)),
    ...Object.entries(keyRefs).flatMap(([name, ref]) =>
      ref === undefined ? [] : checkName(`${field}.${name}.key`, ref.key, configKeyErrors),
    ),
  ];
}

/** A path of the downward API: one of `supported`, or one label or annotation. */
export function validateFieldPath(field: string, path: string, supported: readonly string[]): FieldError[] {
  if (SUBSCRIPT.test(path)) return [];
  return path === '' ? checkPresent(field, path) : checkOneOf(field, path, supported);
}

/** A resource of the downward API: `limits.cpu`. */
export function validateResource(field: string, resource: string): FieldError[] {
  if (resource === '') return checkPresent(field, resource);
  if (CONTAINER_RESOURCES.test(resource)) return [];
  const supported = ['cpu', 'ephemeral-storage', 'memory'].flatMap((name) => [
    `limits.${name}`,
    `requests.${name}`,
  ]);
  return checkOneOf(field, resource, supported.sort());
}

function validateEnvFrom(field: string, { prefix, configMapRef, secretRef }: EnvFromSource): FieldError[] {
  const given = [configMapRef, secretRef].filter((source) => source !== undefined);
  return [
    ...(prefix === undefined || prefix === ''
      ? []
      : checkName(`${field}.prefix`, prefix, environmentNameErrors)),
    ...(given.length === 0
      ? [invalidValue(field, '', 'must specify one of: `configMapRef` or `secretRef`')]
      : []),
    ...(given.length > 1
      ? [invalidValue(field, '', 'may not have more than one field specified at a time')]
      : []),
    ...given.flatMap((source) =>
      checkPresent(`${field}.${source === configMapRef ? 'configMapRef' : 'secretRef'}.name`, source.name),
    ),
  ];
}
