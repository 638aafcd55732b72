import { type ClusterRole, clusterRoleResource } from '#api/rbac/cluster-role.ts';
import { type ClusterRoleBinding, clusterRoleBindingResource } from '#api/rbac/cluster-role-binding.ts';
import { type PolicyRule, type Role, roleResource } from '#api/rbac/role.ts';
import { type RoleBinding, type RoleRef, roleBindingResource, type Subject } from '#api/rbac/role-binding.ts';
import type { Attributes, Authorizer } from '#apiserver/authorize.ts';
import type { User } from '#apiserver/request.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';

/** The four kinds that RBAC is made of, as views. */
export interface RbacViews {
  readonly roles: View<Role>;
  readonly clusterRoles: View<ClusterRole>;
  readonly roleBindings: View<RoleBinding>;
  readonly clusterRoleBindings: View<ClusterRoleBinding>;
}

/** Kubernetes' RBAC: allowed is what a role says that is bound to the user or to one of his groups; all else is not. */
export function rbacAuthorizer(views: RbacViews): Authorizer {
  return {
    allows: (user, attributes) => {
      const bound = views.clusterRoleBindings
        .list()
        .some(
          (binding) =>
            binds(binding.subjects, user, undefined) &&
            allows(rulesOf(binding.roleRef, views, undefined), attributes),
        );
      if (bound || attributes.type !== 'resource' || attributes.namespace === undefined) return bound;
      const { namespace } = attributes;
      return views.roleBindings
        .list({ namespace })
        .some(
          (binding) =>
            binds(binding.subjects, user, namespace) &&
            allows(rulesOf(binding.roleRef, views, namespace), attributes),
        );
    },
  };
}

function binds(subjects: readonly Subject[] | undefined, user: User, namespace: string | undefined): boolean {
  return (subjects ?? []).some((subject) => {
    if (subject.kind === 'User') return subject.name === user.name;
    if (subject.kind === 'Group') return user.groups.includes(subject.name);
    return user.name === `system:serviceaccount:${subject.namespace ?? namespace ?? ''}:${subject.name}`;
  });
}

function rulesOf(reference: RoleRef, views: RbacViews, namespace: string | undefined): readonly PolicyRule[] {
  if (reference.kind === 'ClusterRole') return views.clusterRoles.get(reference.name)?.rules ?? [];
  return (
    (namespace === undefined ? undefined : views.roles.get(`${namespace}/${reference.name}`)?.rules) ?? []
  );
}

function allows(rules: readonly PolicyRule[], attributes: Attributes): boolean {
  return rules.some(
    (rule) =>
      covers(rule.verbs, attributes.verb) &&
      (attributes.type === 'resource' ? coversResource(rule, attributes) : coversPath(rule, attributes.path)),
  );
}

function covers(allowed: readonly string[] | undefined, wanted: string): boolean {
  return allowed !== undefined && (allowed.includes('*') || allowed.includes(wanted));
}

/** `*`, `pods`, `pods/log`, and a wildcard for the scale of all. */
function coversResource(rule: PolicyRule, attributes: Extract<Attributes, { type: 'resource' }>): boolean {
  if (!covers(rule.apiGroups, attributes.group)) return false;
  const subresource = attributes.resource.split('/')[1];
  const named =
    covers(rule.resources, attributes.resource) ||
    (subresource !== undefined && rule.resources?.includes(`*/${subresource}`) === true);
  if (!named) return false;
  const { resourceNames = [] } = rule;
  return (
    resourceNames.length === 0 || (attributes.name !== undefined && resourceNames.includes(attributes.name))
  );
}

function coversPath(rule: PolicyRule, path: string): boolean {
  return (rule.nonResourceURLs ?? []).some((pattern) =>
    pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path,
  );
}

/** The views that {@link rbacAuthorizer} needs. To be asked for before the views run. */
export function rbacViews(views: Views): RbacViews {
  return {
    roles: views.of(roleResource),
    clusterRoles: views.of(clusterRoleResource),
    roleBindings: views.of(roleBindingResource),
    clusterRoleBindings: views.of(clusterRoleBindingResource),
  };
}
