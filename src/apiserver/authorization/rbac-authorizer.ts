import { type ClusterRole, clusterRoleResource } from '#api/rbac/cluster-role.ts';
import { type ClusterRoleBinding, clusterRoleBindingResource } from '#api/rbac/cluster-role-binding.ts';
import { type PolicyRule, type Role, roleResource } from '#api/rbac/role.ts';
import { type RoleBinding, type RoleRef, roleBindingResource, type Subject } from '#api/rbac/role-binding.ts';
import { CLUSTER_BINDINGS, NAMESPACE_BINDINGS, someBinding } from '#apiserver/authorization/binding-index.ts';
import { rulesAllow } from '#apiserver/authorization/rule-covers.ts';
import { type Authorizer, type Decision, NO_OPINION } from '#apiserver/authorize.ts';
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

/** The views that {@link createRbac} needs. To be asked for before the views run. */
export function rbacViews(views: Views): RbacViews {
  return {
    roles: views.of(roleResource),
    clusterRoles: views.of(clusterRoleResource),
    roleBindings: views.of(roleBindingResource),
    clusterRoleBindings: views.of(clusterRoleBindingResource),
  };
}

/** Kubernetes' role based access control, as an authoriser and as a list of what somebody holds. */
export interface Rbac extends Authorizer {
  /** Every rule that the user has in a namespace, or in all of them where it is undefined; and roles that are bound and missing. */
  readonly rulesOf: (
    user: User,
    namespace: string | undefined,
  ) => { readonly rules: readonly PolicyRule[]; readonly missing: readonly string[] };
}

/** A rule set that is bound to a user, or the name of a role that is not there; how it is bound is put into words on demand. */
interface BoundRole {
  readonly rules: readonly PolicyRule[] | undefined;
  readonly roleRef: RoleRef;
  readonly describe: () => string;
}

/** Allowed is what a role says that is bound to the user or to one of his groups; all else is not. */
export function createRbac(views: RbacViews): Rbac {
  const clusterBindings = views.clusterRoleBindings.index(CLUSTER_BINDINGS);
  const namespaceBindings = views.roleBindings.index(NAMESPACE_BINDINGS);
  const someRole = (
    user: User,
    namespace: string | undefined,
    visit: (role: BoundRole) => boolean,
  ): boolean => {
    const isFound = someBinding(clusterBindings, user, ({ binding, subject }) =>
      visit({
        rules: clusterRulesOf(views, binding.roleRef),
        roleRef: binding.roleRef,
        describe: () => describeBinding('ClusterRoleBinding', binding, subject),
      }),
    );
    if (isFound || namespace === undefined) return isFound;
    const bindings = namespaceBindings.get(namespace);
    if (bindings === undefined) return false;
    return someBinding(bindings, user, ({ binding, subject }) =>
      visit({
        rules: rulesOf(views, binding.roleRef, namespace),
        roleRef: binding.roleRef,
        describe: () => describeBinding('RoleBinding', binding, subject),
      }),
    );
  };
  return {
    authorize(user, attributes): Decision {
      const namespace = attributes.type === 'resource' ? attributes.namespace : undefined;
      const missing: string[] = [];
      let reason = '';
      const isAllowed = someRole(user, namespace, ({ rules, roleRef, describe }) => {
        if (rules === undefined) missing.push(missingRole(roleRef));
        if (rules === undefined || !rulesAllow(rules, attributes)) return false;
        reason = `RBAC: allowed by ${describe()}`;
        return true;
      });
      if (isAllowed) return { type: 'allow', reason };
      return missing.length === 0 ? NO_OPINION : { type: 'noOpinion', reason: `RBAC: ${aggregate(missing)}` };
    },
    rulesOf(user, namespace) {
      const held: PolicyRule[] = [];
      const missing: string[] = [];
      someRole(user, namespace, ({ rules, roleRef }) => {
        if (rules === undefined) missing.push(missingRole(roleRef));
        else held.push(...rules);
        return false;
      });
      return { rules: held, missing };
    },
  };
}

function rulesOf(views: RbacViews, reference: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
  if (reference.kind === 'ClusterRole') return clusterRulesOf(views, reference);
  const role = views.roles.get(`${namespace}/${reference.name}`);
  return role === undefined ? undefined : (role.rules ?? []);
}

function clusterRulesOf(views: RbacViews, { name }: RoleRef): readonly PolicyRule[] | undefined {
  const role = views.clusterRoles.get(name);
  return role === undefined ? undefined : (role.rules ?? []);
}

function missingRole({ kind, name }: RoleRef): string {
  return `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`;
}

/** Several errors in one line, each once, as Go's aggregate prints them. */
function aggregate(errors: readonly string[]): string {
  const each = [...new Set(errors)];
  return each.length === 1 ? (each[0] ?? '') : `[${each.join(', ')}]`;
}

function describeBinding(
  kind: string,
  { metadata: { name, namespace }, roleRef }: RoleBinding | ClusterRoleBinding,
  subject: Subject,
): string {
  const binding = JSON.stringify(namespace === undefined ? name : `${name}/${namespace}`);
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? ''}` : subject.name;
  const role = `${roleRef.kind} ${JSON.stringify(roleRef.name)}`;
  return `${kind} ${binding} of ${role} to ${subject.kind} ${JSON.stringify(who)}`;
}
