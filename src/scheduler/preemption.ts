import type { Demand } from '#scheduler/demand.ts';
import type { Host } from '#scheduler/host.ts';
import { DEFAULT_PROFILE, fits } from '#scheduler/place.ts';
import type { Surroundings } from '#scheduler/surroundings.ts';
import { matchesTenant } from '#scheduler/tenant-term.ts';

/** Tenants that would have to go from a host so that a demand fits there. */
export interface Eviction {
  readonly host: string;
  /** Of lower priority than the demand; at least one. */
  readonly victims: readonly Demand[];
}

/**
 * The least harmful way to make room (Kubernetes docs, "Pod Priority and Preemption"): of the hosts on which the demand
 * would fit without tenants of lower priority, the one whose most important victim is least important, then with the lowest
 * sum of priorities, then with fewest victims, then the first by name. Undefined where there is none.
 */
export function findEviction(demand: Demand, surroundings: Surroundings): Eviction | undefined {
  const evictions = surroundings.hosts.flatMap((host) => evictionOn(host, { demand, surroundings }) ?? []);
  return evictions.toSorted((a, b) => compareHarm(harmOf(a), harmOf(b)) || (a.host < b.host ? -1 : 1))[0];
}

/** First all that may go are gone; then each comes back, the most important first, if the demand fits all the same. */
function evictionOn(
  host: Host,
  { demand, surroundings }: { demand: Demand; surroundings: Surroundings },
): Eviction | undefined {
  const lower = [...surroundings.occupancy.on(host.name).tenants.values()].filter(
    ({ priority }) => priority < demand.priority,
  );
  if (lower.length === 0) return undefined;
  const gone = new Set(lower);
  if (!fits(demand, { host, surroundings: without(surroundings, { host, gone }), profile: DEFAULT_PROFILE }))
    return undefined;
  for (const tenant of lower.toSorted(byImportance)) {
    gone.delete(tenant);
    if (
      !fits(demand, { host, surroundings: without(surroundings, { host, gone }), profile: DEFAULT_PROFILE })
    )
      gone.add(tenant);
  }
  return gone.size === 0 ? undefined : { host: host.name, victims: [...gone] };
}

function without(
  surroundings: Surroundings,
  { host, gone }: { host: Host; gone: ReadonlySet<Demand> },
): Surroundings {
  const occupancy = surroundings.occupancy.fork();
  for (const tenant of gone) occupancy.remove(tenant, host.name);
  return {
    ...surroundings,
    occupancy,
    countTenants: (term) => {
      const counts = new Map(surroundings.countTenants(term));
      const fewer = [...gone].filter((tenant) => matchesTenant(term, { ...tenant, ...surroundings })).length;
      const left = (counts.get(host.name) ?? 0) - fewer;
      if (left > 0) counts.set(host.name, left);
      else counts.delete(host.name);
      return counts;
    },
  };
}

function harmOf({ victims }: Eviction): readonly number[] {
  const priorities = victims.map(({ priority }) => priority);
  return [Math.max(...priorities), priorities.reduce((sum, priority) => sum + priority, 0), victims.length];
}

function compareHarm(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, i) => value !== b[i]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

function byImportance(a: Demand, b: Demand): number {
  return b.priority - a.priority || (a.key < b.key ? -1 : 1);
}
