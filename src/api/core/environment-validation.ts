import {
  ENVIRONMENT_FIELDS,
  validateFieldRef,
  validateResourceFieldRef,
} from '#api/core/downward-validation.ts';
import type { EnvFromSource, EnvVar, EnvVarSource } from '#api/core/environment.ts';
import { checkName, checkPresent, checkRequiredName } from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import {
  configKeyErrors,
  environmentNameErrors,
  type NameRule,
  prefixRule,
  subdomainNameErrors,
} from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** Where a variable's value can come from, as messages name them. */
const SOURCES = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
/** A name in `envFrom` may end in a hyphen, as in Kubernetes. */
const importedNameErrors: NameRule = prefixRule(subdomainNameErrors);

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
  for (const [index, source] of envFrom.entries())
    errors.push(...validateEnvFrom(`${field}.envFrom`, source, index));
  return errors;
}

function isEnvironmentName(name: string): boolean {
  return name !== '' && environmentNameErrors(name).length === 0;
}

function validateVariable(field: string, { name, value = '', valueFrom }: EnvVar): FieldError[] {
  return [
    ...checkRequiredName(`${field}.name`, name, environmentNameErrors),
    ...(valueFrom === undefined ? [] : validateSource(`${field}.valueFrom`, { source: valueFrom, value })),
  ];
}

function validateSource(
  field: string,
  { source, value }: { source: EnvVarSource; value: string },
): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  return [
    ...(fieldRef === undefined ? [] : validateFieldRef(`${field}.fieldRef`, fieldRef, ENVIRONMENT_FIELDS)),
    ...(resourceFieldRef === undefined
      ? []
      : validateResourceFieldRef(`${field}.resourceFieldRef`, resourceFieldRef, { ofVolume: false })),
    ...(configMapKeyRef === undefined ? [] : validateKeyRef(`${field}.configMapKeyRef`, configMapKeyRef)),
    ...(secretKeyRef === undefined ? [] : validateKeyRef(`${field}.secretKeyRef`, secretKeyRef)),
    ...validateCount(field, Object.keys(source).length, value),
  ];
}

function validateCount(field: string, given: number, value: string): FieldError[] {
  if (given === 0) return [invalidValue(field, '', `must specify one of: ${SOURCES}`)];
  if (value !== '') return [invalidValue(field, '', 'may not be specified when `value` is not empty')];
  return given > 1 ? [invalidValue(field, '', 'may not have more than one field specified at a time')] : [];
}

function validateKeyRef(field: string, { name = '', key }: { name?: string; key: string }): FieldError[] {
  return [
    ...checkName(`${field}.name`, name, subdomainNameErrors),
    ...checkRequiredName(`${field}.key`, key, configKeyErrors),
  ];
}

/** As in Kubernetes, the list is named where the number of sources is wrong. */
function validateEnvFrom(
  field: string,
  { prefix = '', configMapRef, secretRef }: EnvFromSource,
  index: number,
): FieldError[] {
  const at = `${field}[${index}]`;
  const given = Number(configMapRef !== undefined) + Number(secretRef !== undefined);
  return [
    ...(prefix === '' ? [] : checkName(`${at}.prefix`, prefix, environmentNameErrors)),
    ...(configMapRef === undefined ? [] : validateImported(`${at}.configMapRef.name`, configMapRef.name)),
    ...(secretRef === undefined ? [] : validateImported(`${at}.secretRef.name`, secretRef.name)),
    ...(given === 0 ? [invalidValue(field, '', 'must specify one of: `configMapRef` or `secretRef`')] : []),
    ...(given > 1 ? [invalidValue(field, '', 'may not have more than one field specified at a time')] : []),
  ];
}

function validateImported(field: string, name = ''): FieldError[] {
  return name === '' ? checkPresent(field, name) : checkName(field, name, importedNameErrors);
}
