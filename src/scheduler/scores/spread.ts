import type { Demand } from '#scheduler/demand.ts';
import { eligibleHosts } from '#scheduler/filters/topology-spread.ts';
import type { Host } from '#scheduler/host.ts';
import { relativeToRange } from '#scheduler/scores/relative.ts';
import { type Score, type Surroundings, sumByDomain } from '#scheduler/surroundings.ts';
import { spreadTerm } from '#scheduler/tenant-term.ts';

/**
 * Spreads out: by the constraints with `ScheduleAnyway`; without any, the replicas of one controller over the hosts, so that
 * one broken host takes as few of them as may be.
 */
export const spreadScore: Score = {
  name: 'PodTopologySpread',
  weight: 2,
  prepare: (demand, surroundings, feasible) => {
    if (feasible.length < 2) return undefined;
    const parts =
      demand.spread.length > 0 ? crowding(demand, surroundings) : [siblings(demand, surroundings)];
    if (parts.length === 0) return undefined;
    return relativeToRange(feasible, (host) => -parts.reduce((sum, crowd) => sum + crowd(host), 0));
  },
};

type Crowd = (host: Host) => number;

/** Of several constraints the one with fewer domains has bigger crowds: the logarithm evens that out. */
function crowding(demand: Demand, surroundings: Surroundings): Crowd[] {
  const constraints = demand.spread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway');
  return constraints.map((constraint) => {
    const { topologyKey } = constraint;
    const counts = surroundings.countTenants(spreadTerm(constraint, { metadata: demand }));
    const eligible = eligibleHosts(constraint, { demand, surroundings });
    const domains = sumByDomain(eligible, { topologyKey, countOf: (host) => counts.get(host) ?? 0 });
    const weight = Math.log(domains.size + 2);
    return ({ labels }) => {
      const domain = labels[topologyKey];
      return domain === undefined ? Number.MAX_SAFE_INTEGER : (domains.get(domain) ?? 0) * weight;
    };
  });
}

function siblings({ controllerUid = '' }: Demand, { occupancy }: Surroundings): Crowd {
  return ({ name }) => occupancy.on(name).siblings.get(controllerUid) ?? 0;
}
