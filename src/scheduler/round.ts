import type { Namespace } from '#api/core/namespace.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import { objectKey } from '#api/object.ts';
import type { Lookup } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';
import type { Demand } from '#scheduler/demand.ts';
import { hostOfNode } from '#scheduler/host.ts';
import { hostOf, placedPodsIndex } from '#scheduler/placed-pods.ts';
import type { Surroundings } from '#scheduler/surroundings.ts';
import { matchesTenant, type TenantTerm } from '#scheduler/tenant-term.ts';

/** The surroundings of one plan, in which each placement is taken into account by the next. */
export interface Round extends Surroundings {
  /** Reckons with a demand on a host from now on. */
  readonly assume: (demand: Demand, host: string) => void;
  /** Reckons without a tenant of a host from now on. */
  readonly release: (tenant: Demand, host: string) => void;
}

/** Starts a round from what the views show now. */
export function startRound(lookup: Lookup): Round {
  const occupancy = lookup.index(placedPodsIndex).fork();
  const counted = new Map<string, { term: TenantTerm; counts: Map<string, number> }>();
  const count = (tenant: Demand, { host, step }: { host: string; step: 1 | -1 }): void => {
    for (const { term, counts } of counted.values()) {
      if (!matchesTenant(term, { ...tenant, labelsOfNamespace })) continue;
      const next = (counts.get(host) ?? 0) + step;
      if (next > 0) counts.set(host, next);
      else counts.delete(host);
    }
  };
  const labelsOfNamespace = (name: string) => lookup.get(namespaceResource, { name })?.metadata.labels;
  return {
    hosts: lookup.list(nodeResource).map(hostOfNode),
    occupancy,
    labelsOfNamespace,
    countTenants: (term) => {
      const known = counted.get(term.id);
      if (known !== undefined) return known.counts;
      const counts = countPods(lookup, term);
      counted.set(term.id, { term, counts });
      return counts;
    },
    assume: (demand, host) => {
      occupancy.add(demand, host);
      count(demand, { host, step: 1 });
    },
    release: (tenant, host) => {
      occupancy.remove(tenant, host);
      count(tenant, { host, step: -1 });
    },
  };
}

/** Pods that a term means, by host. A pod that is being deleted does not count: it will have gone. */
function countPods(lookup: Lookup, term: TenantTerm): Map<string, number> {
  const counts = new Map<string, number>();
  for (const namespace of namespacesOf(lookup, term)) {
    for (const pod of selectObjects(lookup, labelIndex(podResource), { namespace, matcher: term.matcher })) {
      const host = hostOf(pod);
      if (host === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
      counts.set(host, (counts.get(host) ?? 0) + 1);
    }
  }
  return counts;
}

function namespacesOf(lookup: Lookup, { namespaces, namespaceMatcher }: TenantTerm): string[] {
  if (namespaceMatcher === undefined) return [...namespaces];
  const selected = lookup
    .list(namespaceResource)
    .filter(({ metadata }: Namespace) => namespaceMatcher.matches(metadata.labels));
  return [...new Set([...namespaces, ...selected.map(objectKey)])];
}
