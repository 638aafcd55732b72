import type { ResourceType } from '#api/resource.ts';

/**
 * Built-in kinds of which a PUT makes an object that is not there, by group and kind. Source: the `AllowCreateOnUpdate` of
 * Kubernetes' registries.
 */
const CREATED_BY_UPDATE: ReadonlySet<string> = new Set([
  '/Endpoints',
  '/Event',
  '/LimitRange',
  '/Service',
  'coordination.k8s.io/Lease',
  'events.k8s.io/Event',
  'node.k8s.io/RuntimeClass',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
]);

/** Whether a PUT creates an object of the kind where there is none. Of others it is 404. */
export function isCreatedByUpdate({ group, kind, custom }: ResourceType): boolean {
  return custom === undefined && CREATED_BY_UPDATE.has(`${group}/${kind}`);
}
