import type { TopologySpreadConstraint } from '#api/core/affinity.ts';
import { isTolerated } from '#api/core/toleration-match.ts';
import type { Demand } from '#scheduler/demand.ts';
import { wantedHosts } from '#scheduler/filters/node-affinity.ts';
import type { Host } from '#scheduler/host.ts';
import { FITS, type Filter, type Surroundings, sumByDomain } from '#scheduler/surroundings.ts';
import { spreadTerm } from '#scheduler/tenant-term.ts';

const UNEVEN = ["node(s) didn't match pod topology spread constraints"];
const UNLABELLED = ["node(s) didn't match pod topology spread constraints (missing required label)"];

/** Topology spread constraints with `DoNotSchedule` (Kubernetes docs, "Pod Topology Spread Constraints"). */
export const topologySpreadFilter: Filter = {
  name: 'PodTopologySpread',
  prepare: (demand, surroundings) => {
    const constraints = demand.spread.filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
    );
    if (constraints.length === 0) return undefined;
    const keys = constraints.map(({ topologyKey }) => topologyKey);
    const tests = constraints.map((constraint) => evenness(constraint, { demand, surroundings, keys }));
    return (host) => {
      if (keys.some((key) => host.labels[key] === undefined)) return UNLABELLED;
      return tests.every((isEven) => isEven(host)) ? FITS : UNEVEN;
    };
  },
};

/** Whether a domain may take one more without being `maxSkew` above the emptiest one. */
function evenness(
  constraint: TopologySpreadConstraint,
  { demand, surroundings, keys }: { demand: Demand; surroundings: Surroundings; keys: readonly string[] },
): (host: Host) => boolean {
  const { maxSkew, minDomains = 1, topologyKey } = constraint;
  const term = spreadTerm(constraint, { metadata: demand });
  const counts = surroundings.countTenants(term);
  const eligible = eligibleHosts(constraint, { demand, surroundings }).filter(({ labels }) =>
    keys.every((key) => labels[key] !== undefined),
  );
  const domains = sumByDomain(eligible, { topologyKey, countOf: (host) => counts.get(host) ?? 0 });
  const fewest =
    domains.size < minDomains ? 0 : [...domains.values()].reduce((a, b) => Math.min(a, b), Infinity);
  const own = term.matcher.matches(demand.labels) ? 1 : 0;
  return ({ labels }) => (domains.get(labels[topologyKey] ?? '') ?? 0) + own - fewest <= maxSkew;
}

/** The hosts whose domains count: those that the demand could stand on at all. */
export function eligibleHosts(
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: TopologySpreadConstraint,
  { demand, surroundings }: { demand: Demand; surroundings: Surroundings },
): Host[] {
  const isWanted = nodeAffinityPolicy === 'Honor' ? wantedHosts(demand) : undefined;
  return surroundings.hosts.filter(
    (host) =>
      (isWanted === undefined || isWanted(host)) &&
      (nodeTaintsPolicy === 'Ignore' ||
        host.taints.every(
          (taint) => taint.effect === 'PreferNoSchedule' || isTolerated(taint, demand.tolerations),
        )),
  );
}
