import { NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import { validateRules } from '#api/rbac/rule-validation.ts';
import type { ResourceType } from '#api/resource.ts';

/** `rbac.authorization.k8s.io/v1.Role`. */
export interface Role extends KubeObject {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'Role';
  rules?: PolicyRule[];
}

/** `rbac.authorization.k8s.io/v1.PolicyRule`. */
export interface PolicyRule {
  apiGroups?: string[];
  nonResourceURLs?: string[];
  resourceNames?: string[];
  resources?: string[];
  verbs: string[];
}

/** `roles.rbac.authorization.k8s.io`. */
export const roleResource: ResourceType<Role> = defineResource<Role>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  schema: 'rbac/v1.Role',
  fillsZeros: true,
  hasGeneration: false,
  nameRule: pathSegmentErrors,
  validate: ({ rules }) => validateRules(rules, { namespaced: true }),
  columns: [
    NAME_COLUMN,
    textColumn('Created At', 'When it was made.', ({ metadata }) => metadata.creationTimestamp),
  ],
});
