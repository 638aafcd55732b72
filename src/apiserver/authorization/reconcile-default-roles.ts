import { type ClusterRole, clusterRoleResource } from '#api/rbac/cluster-role.ts';
import { type ClusterRoleBinding, clusterRoleBindingResource } from '#api/rbac/cluster-role-binding.ts';
import type { PolicyRule } from '#api/rbac/role.ts';
import { isStatus } from '#api/status.ts';
import {
  DEFAULT_CLUSTER_ROLE_BINDINGS,
  DEFAULT_CLUSTER_ROLES,
  type DefaultBinding,
  type DefaultRole,
} from '#apiserver/authorization/default-roles.ts';
import { uncoveredRules } from '#apiserver/authorization/rule-covers.ts';
import type { Client } from '#client/client.ts';

/** Set to "false" on a default role or binding, it is left as it is at the next start. */
export const AUTO_UPDATE_ANNOTATION = 'rbac.authorization.kubernetes.io/autoupdate';

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const API_VERSION = `${RBAC_GROUP}/v1`;
const BOOTSTRAP_LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

/**
 * Makes the default roles and bindings, and gives back to those that exist what they lack; what was added to them stays
 * (Kubernetes docs, "Auto-reconciliation"). To be called at every start.
 */
export async function reconcileDefaultRoles(client: Client): Promise<void> {
  const [roles, bindings] = await Promise.all([
    client.list(clusterRoleResource),
    client.list(clusterRoleBindingResource),
  ]);
  const roleByName = new Map(roles.items.map((role) => [role.metadata.name, role]));
  const bindingByName = new Map(bindings.items.map((binding) => [binding.metadata.name, binding]));
  await Promise.all([
    ...DEFAULT_CLUSTER_ROLES.map((role) => settle(() => ensureRole(client, role, roleByName.get(role.name)))),
    ...DEFAULT_CLUSTER_ROLE_BINDINGS.map((binding) =>
      settle(() => ensureBinding(client, binding, bindingByName.get(binding.name))),
    ),
  ]);
}

/** Another replica that starts at the same moment does the same. */
async function settle(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists') && !isStatus(error, 'Conflict')) throw error;
  }
}

async function ensureRole(
  client: Client,
  wanted: DefaultRole,
  found: ClusterRole | undefined,
): Promise<void> {
  const { name, labels = {}, aggregates } = wanted;
  const rules = [...(wanted.rules ?? [])];
  const aggregationRule =
    aggregates === undefined ? {} : { aggregationRule: { clusterRoleSelectors: [aggregates] } };
  if (found === undefined) {
    await client.create(clusterRoleResource, {
      apiVersion: API_VERSION,
      kind: 'ClusterRole',
      metadata: metadataOf(name, labels),
      ...aggregationRule,
      rules,
    });
    return;
  }
  if (!isReconciled(found)) return;
  const missingRules = aggregates === undefined ? missingFrom(found.rules ?? [], rules) : [];
  const missingLabels = Object.entries({ ...BOOTSTRAP_LABELS, ...labels }).filter(
    ([key, value]) => found.metadata.labels?.[key] !== value,
  );
  const lacksAggregation = aggregates !== undefined && found.aggregationRule === undefined;
  if (missingRules.length + missingLabels.length === 0 && !lacksAggregation) return;
  await client.update(clusterRoleResource, {
    ...found,
    ...(lacksAggregation ? aggregationRule : {}),
    metadata: {
      ...found.metadata,
      labels: { ...found.metadata.labels, ...Object.fromEntries(missingLabels) },
    },
    rules: [...(found.rules ?? []), ...missingRules],
  });
}

/** The default rules that are not wholly covered by those that the role has. */
function missingFrom(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.filter((rule) => uncoveredRules(held, [rule]).length > 0);
}

async function ensureBinding(
  client: Client,
  wanted: DefaultBinding,
  found: ClusterRoleBinding | undefined,
): Promise<void> {
  const subjects = wanted.groups.map((name) => ({ apiGroup: RBAC_GROUP, kind: 'Group', name }));
  const roleRef = { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: wanted.role };
  const object = {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: metadataOf(wanted.name, {}),
    roleRef,
    subjects,
  } as const;
  if (found !== undefined) {
    if (!isReconciled(found)) return;
    const missing = subjects.filter(
      ({ name }) =>
        !(found.subjects ?? []).some((subject) => subject.kind === 'Group' && subject.name === name),
    );
    const isSameRole = found.roleRef.kind === roleRef.kind && found.roleRef.name === roleRef.name;
    if (isSameRole && missing.length === 0) return;
    if (isSameRole) {
      const all = [...(found.subjects ?? []), ...missing];
      await client.update(clusterRoleBindingResource, { ...found, subjects: all });
      return;
    }
    // The role of a binding cannot be changed: it is made anew.
    await client.delete(clusterRoleBindingResource, { name: wanted.name });
  }
  await client.create(clusterRoleBindingResource, object);
}

function metadataOf(name: string, labels: Readonly<Record<string, string>>) {
  return {
    name,
    labels: { ...BOOTSTRAP_LABELS, ...labels },
    annotations: { [AUTO_UPDATE_ANNOTATION]: 'true' },
  };
}

function isReconciled({ metadata }: ClusterRole | ClusterRoleBinding): boolean {
  return metadata.annotations?.[AUTO_UPDATE_ANNOTATION] !== 'false';
}
