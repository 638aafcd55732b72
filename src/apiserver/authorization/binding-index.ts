import type { Binding } from '#api/rbac/binding.ts';
import { type ClusterRoleBinding, clusterRoleBindingResource } from '#api/rbac/cluster-role-binding.ts';
import { type RoleBinding, roleBindingResource, type Subject } from '#api/rbac/role-binding.ts';
import { accountUserName } from '#apiserver/authentication/service-account-user.ts';
import type { User } from '#apiserver/request.ts';
import type { ViewIndex } from '#client/view.ts';

/** A binding that names a subject, and how it names him. */
export interface SubjectBinding<T extends Binding> {
  readonly binding: T;
  readonly subject: Subject;
}

/** Bindings by those whom they name, so that a request costs only what concerns its user. */
export interface BindingsBySubject<T extends Binding> {
  readonly users: Map<string, SubjectBinding<T>[]>;
  readonly groups: Map<string, SubjectBinding<T>[]>;
}

/** ClusterRoleBindings by subject. */
export const CLUSTER_BINDINGS: ViewIndex<ClusterRoleBinding, BindingsBySubject<ClusterRoleBinding>> = {
  type: clusterRoleBindingResource,
  create: noBindings,
  take(state, { object, previous }) {
    if (previous !== undefined) remove(state, previous);
    if (object !== undefined) add(state, object);
  },
};

/** RoleBindings by namespace and subject. */
export const NAMESPACE_BINDINGS: ViewIndex<RoleBinding, Map<string, BindingsBySubject<RoleBinding>>> = {
  type: roleBindingResource,
  create: () => new Map(),
  take(state, { object, previous }) {
    const { namespace = '' } = (object ?? previous)?.metadata ?? {};
    const bindings = state.get(namespace) ?? noBindings<RoleBinding>();
    if (previous !== undefined) remove(bindings, previous);
    if (object !== undefined) add(bindings, object);
    if (bindings.users.size + bindings.groups.size === 0) state.delete(namespace);
    else state.set(namespace, bindings);
  },
};

function noBindings<T extends Binding>(): BindingsBySubject<T> {
  return { users: new Map(), groups: new Map() };
}

function add<T extends Binding>(state: BindingsBySubject<T>, binding: T): void {
  for (const subject of binding.subjects ?? []) {
    const { map, name } = placeOf(state, binding, subject);
    const known = map.get(name);
    if (known === undefined) map.set(name, [{ binding, subject }]);
    else known.push({ binding, subject });
  }
}

function remove<T extends Binding>(state: BindingsBySubject<T>, binding: T): void {
  for (const subject of binding.subjects ?? []) {
    const { map, name } = placeOf(state, binding, subject);
    const left = (map.get(name) ?? []).filter((known) => known.binding !== binding);
    if (left.length === 0) map.delete(name);
    else map.set(name, left);
  }
}

function placeOf<T extends Binding>(
  { users, groups }: BindingsBySubject<T>,
  binding: T,
  { kind, name, namespace }: Subject,
): { map: Map<string, SubjectBinding<T>[]>; name: string } {
  if (kind === 'Group') return { map: groups, name };
  if (kind !== 'ServiceAccount') return { map: users, name };
  return {
    map: users,
    name: accountUserName({ namespace: namespace ?? binding.metadata.namespace ?? '', name }),
  };
}

/** Calls `visit` with each binding that names the user or a group of his, until it returns true; whether it did. */
export function someBinding<T extends Binding>(
  { users, groups }: BindingsBySubject<T>,
  user: User,
  visit: (bound: SubjectBinding<T>) => boolean,
): boolean {
  if (users.get(user.name)?.some(visit) === true) return true;
  for (const group of user.groups) if (groups.get(group)?.some(visit) === true) return true;
  return false;
}
