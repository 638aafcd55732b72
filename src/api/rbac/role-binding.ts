import { defineResource } from '#api/define-resource.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import { BINDING_COLUMNS, defaultBinding, validateBinding } from '#api/rbac/binding.ts';
import type { ResourceType } from '#api/resource.ts';

/** `rbac.authorization.k8s.io/v1.RoleBinding`. */
export interface RoleBinding extends KubeObject {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'RoleBinding';
  roleRef: RoleRef;
  subjects?: Subject[];
}

/** `rbac.authorization.k8s.io/v1.Subject`. */
export interface Subject {
  apiGroup?: string;
  kind: string;
  name: string;
  namespace?: string;
}

/** `rbac.authorization.k8s.io/v1.RoleRef`. */
export interface RoleRef {
  apiGroup?: string;
  kind: string;
  name: string;
}

/** `rolebindings.rbac.authorization.k8s.io`. */
export const roleBindingResource: ResourceType<RoleBinding> = defineResource<RoleBinding>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  schema: 'rbac/v1.RoleBinding',
  fillsZeros: true,
  hasGeneration: false,
  nameRule: pathSegmentErrors,
  applyDefaults: defaultBinding,
  validate: (binding, old) =>
    validateBinding(binding, old, { roleKinds: ['Role', 'ClusterRole'], namespaced: true }),
  columns: BINDING_COLUMNS,
});
