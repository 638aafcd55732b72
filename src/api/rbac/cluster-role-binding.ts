import { defineResource } from '#api/define-resource.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import { BINDING_COLUMNS, defaultBinding, validateBinding } from '#api/rbac/binding.ts';
import type { RoleRef, Subject } from '#api/rbac/role-binding.ts';
import type { ResourceType } from '#api/resource.ts';

/** `rbac.authorization.k8s.io/v1.ClusterRoleBinding`. */
export interface ClusterRoleBinding extends KubeObject {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'ClusterRoleBinding';
  roleRef: RoleRef;
  subjects?: Subject[];
}

/** `clusterrolebindings.rbac.authorization.k8s.io`. */
export const clusterRoleBindingResource: ResourceType<ClusterRoleBinding> =
  defineResource<ClusterRoleBinding>({
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    namespaced: false,
    schema: 'rbac/v1.ClusterRoleBinding',
    fillsZeros: true,
    hasGeneration: false,
    nameRule: pathSegmentErrors,
    applyDefaults: defaultBinding,
    validate: (binding, old) =>
      validateBinding(binding, old, { roleKinds: ['ClusterRole'], namespaced: false }),
    columns: BINDING_COLUMNS,
  });
