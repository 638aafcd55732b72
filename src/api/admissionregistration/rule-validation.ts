/** Which requests a webhook or a policy is asked about. */
import type { NamedRuleWithOperations, RuleWithOperations } from '#api/admissionregistration/rule.ts';
import { checkName, checkOneOf, checkPresent, checkUnique } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

/** Operations, and the resources that they are on; a wildcard stands alone. */
export function validateRule(field: string, rule: RuleWithOperations): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [] } = rule;
  return [
    ...checkPresent(`${field}.operations`, operations),
    ...checkAlone(`${field}.operations`, operations, { wildcard: '*', others: 'operations' }),
    ...operations.flatMap((operation, index) =>
      checkOneOf(`${field}.operations[${index}]`, operation, OPERATIONS),
    ),
    ...checkPresent(`${field}.apiGroups`, apiGroups),
    ...checkAlone(`${field}.apiGroups`, apiGroups, { wildcard: '*', others: 'API groups' }),
    ...checkPresent(`${field}.apiVersions`, apiVersions),
    ...checkAlone(`${field}.apiVersions`, apiVersions, { wildcard: '*', others: 'API versions' }),
    ...apiVersions.flatMap((version, index) => checkPresent(`${field}.apiVersions[${index}]`, version)),
    ...checkResources(`${field}.resources`, resources),
    ...checkOneOf(`${field}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced']),
  ];
}

/** A rule that may be for objects of some names only. */
export function validateNamedRule(field: string, rule: NamedRuleWithOperations): FieldError[] {
  const { resourceNames = [] } = rule;
  const fieldOf = (index: number): string => `${field}.resourceNames[${index}]`;
  return [
    ...resourceNames.flatMap((name, index) => checkName(fieldOf(index), name, pathSegmentErrors)),
    ...checkUnique(resourceNames, fieldOf),
    ...validateRule(field, rule),
  ];
}

function checkAlone(
  field: string,
  values: readonly string[],
  { wildcard, others }: { wildcard: string; others: string },
): FieldError[] {
  return values.length > 1 && values.includes(wildcard)
    ? [invalidValue(field, values, `if '${wildcard}' is present, must not specify other ${others}`)]
    : [];
}

function checkResources(field: string, resources: readonly string[]): FieldError[] {
  const isPlain = (resource: string): boolean => !resource.includes('/') && resource !== '';
  const last = resources.findLast(isPlain);
  const isMixed = resources.includes('*') && last !== undefined && last !== '*';
  const detail = "if '*' is present, must not specify other resources without subresources";
  return [
    ...checkPresent(field, resources),
    ...resources.flatMap((resource, index) =>
      resource === ''
        ? [requiredValue(`${field}[${index}]`)]
        : checkCovered(`${field}[${index}]`, resource, resources.slice(0, index)),
    ),
    ...checkAlone(field, resources, { wildcard: '*/*', others: 'resources' }),
    ...(isMixed ? [invalidValue(field, resources, detail)] : []),
  ];
}

/** A subresource that one of the `earlier` wildcards is for already. */
function checkCovered(field: string, text: string, earlier: readonly string[]): FieldError[] {
  const slash = text.indexOf('/');
  if (slash < 0) return [];
  const covering = [`${text.slice(0, slash)}/*`, `*/${text.slice(slash + 1)}`];
  return covering
    .filter((wildcard) => earlier.includes(wildcard))
    .map((wildcard) => invalidValue(field, text, `if '${wildcard}' is present, must not specify ${text}`));
}
