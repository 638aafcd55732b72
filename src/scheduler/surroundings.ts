import type { Demand } from '#scheduler/demand.ts';
import type { Host } from '#scheduler/host.ts';
import type { Occupancy } from '#scheduler/occupancy.ts';
import type { TenantTerm } from '#scheduler/tenant-term.ts';

/** All that a placement is decided from. */
export interface Surroundings {
  readonly hosts: readonly Host[];
  readonly occupancy: Occupancy;
  /** How many tenants of each host a term means. */
  readonly countTenants: (term: TenantTerm) => ReadonlyMap<string, number>;
  readonly labelsOfNamespace: (namespace: string) => Readonly<Record<string, string>> | undefined;
}

/** A condition that a host must meet for a demand. */
export interface Filter {
  readonly name: string;
  /**
   * Looks at what is the same for all hosts, once. The result says for a host why it does not do, in no words where it
   * does; undefined where the demand does not ask for anything that this filter is about.
   */
  readonly prepare: (
    demand: Demand,
    surroundings: Surroundings,
  ) => ((host: Host) => readonly string[]) | undefined;
}

/** A preference between the hosts that would do. */
export interface Score {
  readonly name: string;
  /** How much it counts beside others. */
  readonly weight: number;
  /** As of a {@link Filter}; `feasible` are the hosts that will be asked for. From 0 (worst) to 100 (best). */
  readonly prepare: (
    demand: Demand,
    surroundings: Surroundings,
    feasible: readonly Host[],
  ) => ((host: Host) => number) | undefined;
}

/** The highest value of a score. */
export const SCORE_MAX = 100;

/** For a host that does. */
export const FITS: readonly string[] = [];

/** Sums counts of hosts over the hosts that share a value of a label. Hosts without that label are left out. */
export function sumByDomain(
  hosts: readonly Host[],
  { topologyKey, countOf }: { topologyKey: string; countOf: (host: string) => number },
): Map<string, number> {
  const domains = new Map<string, number>();
  for (const { name, labels } of hosts) {
    const domain = labels[topologyKey];
    if (domain !== undefined) domains.set(domain, (domains.get(domain) ?? 0) + countOf(name));
  }
  return domains;
}
