import { checkPresent } from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import type { PolicyRule } from '#api/rbac/role.ts';
import type { FieldError } from '#api/status.ts';

/** What is wrong with the rules of a role; only a cluster role may speak of URLs. */
export function validateRules(
  rules: readonly PolicyRule[] = [],
  { namespaced }: { namespaced: boolean },
): FieldError[] {
  return rules.flatMap((rule, index) => validateRule(`rules[${index}]`, rule, namespaced));
}

function validateRule(field: string, rule: PolicyRule, namespaced: boolean): FieldError[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const verbErrors = checkPresent(`${field}.verbs`, verbs, 'verbs must contain at least one value');
  if (nonResourceURLs.length === 0) {
    return [
      ...verbErrors,
      ...checkPresent(`${field}.apiGroups`, apiGroups, 'resource rules must supply at least one api group'),
      ...checkPresent(`${field}.resources`, resources, 'resource rules must supply at least one resource'),
    ];
  }
  const isMixed = apiGroups.length + resources.length + resourceNames.length > 0;
  return [
    ...verbErrors,
    ...(namespaced
      ? [
          invalidValue(
            `${field}.nonResourceURLs`,
            nonResourceURLs,
            'namespaced rules cannot apply to non-resource URLs',
          ),
        ]
      : []),
    ...(isMixed
      ? [
          invalidValue(
            `${field}.nonResourceURLs`,
            nonResourceURLs,
            'rules cannot apply to both regular resources and non-resource URLs',
          ),
        ]
      : []),
  ];
}
