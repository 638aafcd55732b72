import type { Demand } from '#scheduler/demand.ts';
import type { Host } from '#scheduler/host.ts';
import { relativeToRange } from '#scheduler/scores/relative.ts';
import { type Score, type Surroundings, sumByDomain } from '#scheduler/surroundings.ts';
import { matchesTenant, type TenantTerm } from '#scheduler/tenant-term.ts';

/** Preferred affinity and anti-affinity between tenants, the newcomer's and that of those who are there. */
export const preferredTenantsScore: Score = {
  name: 'InterPodAffinity',
  weight: 2,
  prepare: (demand, surroundings, feasible) => {
    const parts = [...ownPreferences(demand, surroundings), ...preferencesOfOthers(demand, surroundings)];
    if (parts.length === 0) return undefined;
    return relativeToRange(feasible, (host) => parts.reduce((sum, points) => sum + points(host), 0));
  },
};

type Points = (host: Host) => number;

function ownPreferences({ preferredTenants }: Demand, surroundings: Surroundings): Points[] {
  return preferredTenants.map(({ weight, ...term }) =>
    pointsByDomain(term, { weight, counts: surroundings.countTenants(term), hosts: surroundings.hosts }),
  );
}

function preferencesOfOthers(demand: Demand, surroundings: Surroundings): Points[] {
  const points: Points[] = [];
  for (const { term, weight, hosts: counts } of surroundings.occupancy.held()) {
    if (weight === 'forbid' || !matchesTenant(term, { ...demand, ...surroundings })) continue;
    points.push(pointsByDomain(term, { weight, counts, hosts: surroundings.hosts }));
  }
  return points;
}

function pointsByDomain(
  { topologyKey }: TenantTerm,
  { weight, counts, hosts }: { weight: number; counts: ReadonlyMap<string, number>; hosts: readonly Host[] },
): Points {
  const domains = sumByDomain(hosts, { topologyKey, countOf: (host) => counts.get(host) ?? 0 });
  return ({ labels }) => weight * (domains.get(labels[topologyKey] ?? '') ?? 0);
}
