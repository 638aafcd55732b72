import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { type ClusterRole, clusterRoleResource } from '#api/rbac/cluster-role.ts';
import type { PolicyRule } from '#api/rbac/role.ts';
import { compileLabelSelector } from '#api/selector.ts';
import { type Controller, read } from '#reconcile/controller.ts';

/**
 * Fills a ClusterRole that has an `aggregationRule` with the rules of all roles that it selects, each rule once, roles in the
 * order of their names (Kubernetes docs, "Aggregated ClusterRoles").
 */
export const clusterRoleAggregationController: Controller<ClusterRole> = {
  name: 'clusterrole-aggregation-controller',
  for: clusterRoleResource,
  reads: [
    read(clusterRoleResource, (_changed, lookup) =>
      lookup
        .list(clusterRoleResource)
        .filter(({ aggregationRule }) => aggregationRule !== undefined)
        .map(({ metadata }) => metadata.name),
    ),
  ],
  writes: [{ type: clusterRoleResource, verbs: ['patch'] }],
  plan({ object: role, ...lookup }) {
    if (role?.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined) return [];
    const selectors = (role.aggregationRule.clusterRoleSelectors ?? []).map(compileLabelSelector);
    const rules: PolicyRule[] = [];
    const others = lookup
      .list(clusterRoleResource)
      .filter(({ metadata }) => metadata.name !== role.metadata.name)
      .filter(({ metadata }) => selectors.some((selector) => selector.matches(metadata.labels ?? {})))
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    for (const other of others) for (const rule of other.rules ?? []) if (!has(rules, rule)) rules.push(rule);
    if (equalJson(rules as unknown as Json, (role.rules ?? []) as unknown as Json)) return [];
    return [
      {
        type: 'patch',
        resource: clusterRoleResource,
        name: role.metadata,
        patch: { metadata: { resourceVersion: role.metadata.resourceVersion }, rules },
        why: 'the roles that it consists of have changed',
      },
    ];
  },
};

function has(rules: readonly PolicyRule[], wanted: PolicyRule): boolean {
  return rules.some((rule) => equalJson(rule as unknown as Json, wanted as unknown as Json));
}
