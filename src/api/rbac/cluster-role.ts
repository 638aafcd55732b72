import { NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { PolicyRule } from '#api/rbac/role.ts';
import { validateRules } from '#api/rbac/rule-validation.ts';
import type { ResourceType } from '#api/resource.ts';

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
  hasGeneration: false,
  nameRule: pathSegmentErrors,
  validate: ({ rules }) => validateRules(rules, { namespaced: false }),
  columns: [
    NAME_COLUMN,
    textColumn('Created At', 'When it was made.', ({ metadata }) => metadata.creationTimestamp),
  ],
});
