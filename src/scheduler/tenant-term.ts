import type { PodAffinityTerm } from '#api/core/affinity.ts';
import type { LabelSelector } from '#api/object.ts';
import { compileLabelSelector, type LabelMatcher } from '#api/selector.ts';

/** Which tenants of hosts are meant, and over which label of the hosts they are counted together. */
export interface TenantTerm {
  /** Equal for terms that mean the same: counts are kept by it. */
  readonly id: string;
  readonly matcher: LabelMatcher;
  /** Namespaces by name. */
  readonly namespaces: readonly string[];
  /** Further namespaces by their labels; none where absent. */
  readonly namespaceMatcher: LabelMatcher | undefined;
  /** Hosts with the same value of this label are one domain. */
  readonly topologyKey: string;
}

export interface WeightedTenantTerm extends TenantTerm {
  readonly weight: number;
}

/** What terms are about: something with labels in a namespace. */
interface Tenant {
  readonly metadata: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
}

/** A term of a pod's affinity as it stands in that pod: an absent namespace is the pod's own, and label keys take its values. */
export function tenantTerm(term: PodAffinityTerm, { metadata }: Tenant): TenantTerm {
  const { matchLabelKeys = [], mismatchLabelKeys = [], namespaceSelector, topologyKey } = term;
  const hasNamespaces = (term.namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined;
  const namespaces = hasNamespaces ? (term.namespaces ?? []).toSorted() : [metadata.namespace ?? ''];
  const selector = withLabelKeys(term.labelSelector, {
    matchLabelKeys,
    mismatchLabelKeys,
    labels: metadata.labels ?? {},
  });
  return {
    id: JSON.stringify([selector ?? null, namespaces, namespaceSelector ?? null, topologyKey]),
    matcher: compileLabelSelector(selector),
    namespaces,
    namespaceMatcher: namespaceSelector === undefined ? undefined : compileLabelSelector(namespaceSelector),
    topologyKey,
  };
}

/** The tenants of `tenant`'s namespace that a selector matches, narrowed to its own values of some label keys. */
export function spreadTerm(
  {
    labelSelector,
    matchLabelKeys = [],
    topologyKey,
  }: { labelSelector?: LabelSelector; matchLabelKeys?: string[]; topologyKey: string },
  tenant: Tenant,
): TenantTerm {
  return tenantTerm(
    { topologyKey, matchLabelKeys, ...(labelSelector === undefined ? {} : { labelSelector }) },
    tenant,
  );
}

/** Whether a term means a tenant of a namespace with certain labels. */
export function matchesTenant(
  term: TenantTerm,
  {
    namespace,
    labels,
    labelsOfNamespace,
  }: {
    namespace: string;
    labels: Readonly<Record<string, string>>;
    labelsOfNamespace: (namespace: string) => Readonly<Record<string, string>> | undefined;
  },
): boolean {
  const isInNamespace =
    term.namespaces.includes(namespace) ||
    term.namespaceMatcher?.matches(labelsOfNamespace(namespace)) === true;
  return isInNamespace && term.matcher.matches(labels);
}

function withLabelKeys(
  selector: LabelSelector | undefined,
  keys: { matchLabelKeys: string[]; mismatchLabelKeys: string[]; labels: Readonly<Record<string, string>> },
): LabelSelector | undefined {
  if (selector === undefined) return undefined;
  const requirement = (key: string, operator: 'In' | 'NotIn') => {
    const value = keys.labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  };
  const added = [
    ...keys.matchLabelKeys.flatMap((key) => requirement(key, 'In')),
    ...keys.mismatchLabelKeys.flatMap((key) => requirement(key, 'NotIn')),
  ];
  if (added.length === 0) return selector;
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] };
}
