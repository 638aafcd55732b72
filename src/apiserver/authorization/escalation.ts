import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { Binding } from '#api/rbac/binding.ts';
import type { ClusterRole } from '#api/rbac/cluster-role.ts';
import type { PolicyRule } from '#api/rbac/role.ts';
import { forbidden, notFound } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import type { Rbac, RbacViews } from '#apiserver/authorization/rbac-authorizer.ts';
import { describeRules, quotedList, uncoveredRules } from '#apiserver/authorization/rule-covers.ts';
import type { Authorizer } from '#apiserver/authorize.ts';
import { subjectOf } from '#apiserver/encoded-write.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const ROLE_KINDS = new Set(['Role', 'ClusterRole']);

/** What a role must be covered by that takes in whatever others get. */
const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

export interface EscalationOptions {
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
  readonly views: RbacViews;
}

/**
 * Nobody hands out more than he holds (Kubernetes docs, "Privilege escalation prevention and bootstrapping"): writing a role
 * takes its rules or the verb `escalate`, binding one takes them or the verb `bind`.
 */
export function escalationCheck(options: EscalationOptions): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    handles: ({ operation, type }) =>
      (operation === 'create' || operation === 'update') && type.group === RBAC_GROUP,
    validate(request) {
      if (request.user.groups.includes('system:masters')) return;
      if (ROLE_KINDS.has(request.type.kind)) checkRole(options, request);
      else checkBinding(options, request);
    },
  };
}

/** A Role is a ClusterRole without an aggregation. */
function checkRole(options: EscalationOptions, request: AdmissionRequest): void {
  const role = request.object as ClusterRole;
  const old = request.old as ClusterRole | undefined;
  const isSame = (field: 'rules' | 'aggregationRule'): boolean =>
    old !== undefined &&
    equalJson((role[field] ?? null) as unknown as Json, (old[field] ?? null) as unknown as Json);
  if (isSame('rules') && isSame('aggregationRule')) return;
  if (
    isAllowed(options, request, { verb: 'escalate', resource: request.type.plural, name: role.metadata.name })
  )
    return;
  if (role.aggregationRule !== undefined && !isSame('aggregationRule')) confirm(options, request, EVERYTHING);
  confirm(options, request, role.rules ?? []);
}

function checkBinding(options: EscalationOptions, request: AdmissionRequest): void {
  const binding = request.object as unknown as Binding;
  const old = request.old as unknown as Binding | undefined;
  const { roleRef, subjects = [] } = binding;
  const isSame =
    old !== undefined &&
    equalJson([roleRef, subjects] as unknown as Json, [old.roleRef, old.subjects ?? []] as unknown as Json);
  if (isSame || roleRef === undefined) return;
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (isAllowed(options, request, { verb: 'bind', resource, name: roleRef.name })) return;
  const { views } = options;
  const { namespace = '' } = binding.metadata;
  const role =
    roleRef.kind === 'ClusterRole'
      ? views.clusterRoles.get(roleRef.name)
      : views.roles.get(`${namespace}/${roleRef.name}`);
  if (role === undefined) throw notFound({ resource, group: RBAC_GROUP, name: roleRef.name });
  confirm(options, request, role.rules ?? []);
}

function isAllowed(
  { authorizer }: EscalationOptions,
  { user, object }: AdmissionRequest,
  { verb, resource, name }: { verb: string; resource: string; name: string },
): boolean {
  const attributes = {
    type: 'resource',
    verb,
    group: RBAC_GROUP,
    resource,
    namespace: object.metadata.namespace,
    name,
  } as const;
  return authorizer.authorize(user, attributes).type === 'allow';
}

function confirm(
  { rbac }: EscalationOptions,
  { user, type, object }: AdmissionRequest,
  wanted: readonly PolicyRule[],
): void {
  const { rules, missing } = rbac.rulesOf(user, object.metadata.namespace);
  const uncovered = uncoveredRules(rules, wanted);
  if (uncovered.length === 0) return;
  const faults = missing.length === 0 ? '' : `; resolution errors: [${missing.join(', ')}]`;
  const who = `user ${JSON.stringify(user.name)} (groups=${quotedList(user.groups)})`;
  throw forbidden(
    subjectOf(type, object.metadata.name),
    `${who} is attempting to grant RBAC permissions not currently held:\n${describeRules(uncovered).join('\n')}${faults}`,
  );
}
