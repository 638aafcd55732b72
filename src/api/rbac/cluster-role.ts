import { NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabelSelector } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { PolicyRule } from '#api/rbac/role.ts';
import { validateRules } from '#api/rbac/rule-validation.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `rbac.authorization.k8s.io/v1.ClusterRole`. */
export interface ClusterRole extends KubeObject {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'ClusterRole';
  aggregationRule?: AggregationRule;
  rules?: PolicyRule[];
}

/** `rbac.authorization.k8s.io/v1.AggregationRule`. */
export interface AggregationRule {
  clusterRoleSelectors?: LabelSelector[];
}

/** `clusterroles.rbac.authorization.k8s.io`. */
export const clusterRoleResource: ResourceType<ClusterRole> = defineResource<ClusterRole>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  schema: 'rbac/v1.ClusterRole',
  fillsZeros: true,
  hasGeneration: false,
  nameRule: pathSegmentErrors,
  validate: ({ rules, aggregationRule }) => [
    ...validateRules(rules, { namespaced: false }),
    ...(aggregationRule === undefined ? [] : validateAggregation(aggregationRule)),
  ],
  columns: [
    NAME_COLUMN,
    textColumn('Created At', 'When it was made.', ({ metadata }) => metadata.creationTimestamp),
  ],
});

function validateAggregation({ clusterRoleSelectors = [] }: AggregationRule): FieldError[] {
  const field = 'aggregationRule.clusterRoleSelectors';
  if (clusterRoleSelectors.length === 0)
    return [requiredValue(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  return clusterRoleSelectors.flatMap((selector, index) => {
    const errors = checkLabelSelector(`${field}[${index}]`, selector);
    return errors.length === 0
      ? []
      : [...errors, invalidValue(`${field}[${index}]`, selector, 'invalid label selector.')];
  });
}
