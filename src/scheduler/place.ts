import type { Demand } from '#scheduler/demand.ts';
import { hostPortsFilter } from '#scheduler/filters/host-ports.ts';
import { nodeAffinityFilter } from '#scheduler/filters/node-affinity.ts';
import { podAffinityFilter } from '#scheduler/filters/pod-affinity.ts';
import { resourcesFilter } from '#scheduler/filters/resources.ts';
import { taintsFilter } from '#scheduler/filters/taints.ts';
import { topologySpreadFilter } from '#scheduler/filters/topology-spread.ts';
import type { Host } from '#scheduler/host.ts';
import { balancedAllocationScore } from '#scheduler/scores/balanced-allocation.ts';
import { imageLocalityScore } from '#scheduler/scores/image-locality.ts';
import { leastAllocatedScore } from '#scheduler/scores/least-allocated.ts';
import { preferredNodesScore } from '#scheduler/scores/preferred-nodes.ts';
import { preferredTenantsScore } from '#scheduler/scores/preferred-tenants.ts';
import { spreadScore } from '#scheduler/scores/spread.ts';
import { tolerableTaintsScore } from '#scheduler/scores/tolerable-taints.ts';
import type { Filter, Score, Surroundings } from '#scheduler/surroundings.ts';

/** Which conditions and preferences decide a placement. */
export interface Profile {
  /** Asked in this order; the first that a host fails gives the reasons. */
  readonly filters: readonly Filter[];
  readonly scores: readonly Score[];
}

/** How pods are placed on nodes, in the order and with the weights of Kubernetes' default scheduler. */
export const DEFAULT_PROFILE: Profile = {
  filters: [
    taintsFilter,
    nodeAffinityFilter,
    hostPortsFilter,
    resourcesFilter,
    topologySpreadFilter,
    podAffinityFilter,
  ],
  scores: [
    leastAllocatedScore,
    balancedAllocationScore,
    imageLocalityScore,
    preferredNodesScore,
    preferredTenantsScore,
    spreadScore,
    tolerableTaintsScore,
  ],
};

/** Where a demand goes, or why it goes nowhere. */
export type Placement =
  | {
      readonly type: 'placed';
      readonly host: string;
      /** How many hosts would have done. */
      readonly feasibleHosts: number;
    }
  | {
      readonly type: 'unplaceable';
      /** By host: what it failed. */
      readonly failures: ReadonlyMap<string, readonly string[]>;
    };

/**
 * Chooses a host: those that pass every filter, of them the one with the highest sum of weighted scores; of equals the one
 * with fewest tenants, then the first by name, so that the same facts give the same choice.
 */
export function place(
  demand: Demand,
  surroundings: Surroundings,
  profile: Profile = DEFAULT_PROFILE,
): Placement {
  const { feasible, failures } = filterHosts(demand, surroundings, profile);
  const [first] = feasible;
  if (first === undefined) return { type: 'unplaceable', failures };
  const host = feasible.length === 1 ? first : bestOf(feasible, { demand, surroundings, profile });
  return { type: 'placed', host: host.name, feasibleHosts: feasible.length };
}

/** The hosts that would do, and for each other one what it fails. */
export function filterHosts(
  demand: Demand,
  surroundings: Surroundings,
  { filters }: Profile,
): { feasible: Host[]; failures: Map<string, readonly string[]> } {
  const tests = filters.flatMap((filter) => filter.prepare(demand, surroundings) ?? []);
  const feasible: Host[] = [];
  const failures = new Map<string, readonly string[]>();
  for (const host of surroundings.hosts) {
    const reasons = firstFailure(tests, host);
    if (reasons === undefined) feasible.push(host);
    else failures.set(host.name, reasons);
  }
  return { feasible, failures };
}

/** Whether a demand could stand on a host. */
export function fits(
  demand: Demand,
  { host, surroundings, profile }: { host: Host; surroundings: Surroundings; profile: Profile },
): boolean {
  const tests = profile.filters.flatMap((filter) => filter.prepare(demand, surroundings) ?? []);
  return firstFailure(tests, host) === undefined;
}

function firstFailure(
  tests: readonly ((host: Host) => readonly string[])[],
  host: Host,
): readonly string[] | undefined {
  for (const test of tests) {
    const reasons = test(host);
    if (reasons.length > 0) return reasons;
  }
  return undefined;
}

function bestOf(
  feasible: readonly Host[],
  { demand, surroundings, profile }: { demand: Demand; surroundings: Surroundings; profile: Profile },
): Host {
  const scores = profile.scores.flatMap(({ prepare, weight }) => {
    const score = prepare(demand, surroundings, feasible);
    return score === undefined ? [] : [{ weight, score }];
  });
  const tenantsOn = ({ name }: Host): number => surroundings.occupancy.on(name).tenants.size;
  const rated = feasible.map((host) => ({
    host,
    score: scores.reduce((sum, { weight, score }) => sum + weight * Math.floor(score(host)), 0),
  }));
  const better = (a: (typeof rated)[number], b: (typeof rated)[number]): number =>
    b.score - a.score || tenantsOn(a.host) - tenantsOn(b.host) || (a.host.name < b.host.name ? -1 : 1);
  return rated.reduce((best, each) => (better(each, best) < 0 ? each : best)).host;
}
