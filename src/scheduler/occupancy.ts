import type { Amounts } from '#scheduler/amounts.ts';
import { ANY_ADDRESS, type Demand, type HostPort } from '#scheduler/demand.ts';
import type { TenantTerm } from '#scheduler/tenant-term.ts';

/** What stands on one host. */
export interface Load {
  readonly requested: Amounts;
  /** Cpu and memory that scores reckon with. */
  readonly scored: Amounts;
  readonly ports: readonly HostPort[];
  /** By key. */
  readonly tenants: ReadonlyMap<string, Demand>;
  /** How many tenants each controller has there, by its uid. */
  readonly siblings: ReadonlyMap<string, number>;
}

/** A term that tenants hold against, or in favour of, newcomers, and on which hosts they stand. */
export interface HeldTerm {
  readonly term: TenantTerm;
  /** `forbid`: no matching newcomer in the domain. Else what one of its holders adds to the score of the domain. */
  readonly weight: number | 'forbid';
  /** How many holders stand on each host. */
  readonly hosts: ReadonlyMap<string, number>;
}

/** Whoever has this token may change what carries it; anyone else copies it first. */
type Token = object;

interface OwnLoad extends Load {
  readonly token: Token;
  readonly requested: Record<string, number>;
  readonly scored: Record<string, number>;
  readonly ports: HostPort[];
  readonly tenants: Map<string, Demand>;
  readonly siblings: Map<string, number>;
}

interface OwnTerm extends HeldTerm {
  readonly token: Token;
  readonly hosts: Map<string, number>;
}

const EMPTY: Load = { requested: {}, scored: {}, ports: [], tenants: new Map(), siblings: new Map() };

/** A tenant with a required affinity draws its like with this weight (upstream `hardPodAffinityWeight`). */
const REQUIRED_AFFINITY_WEIGHT = 1;

/** Who stands where, as sums that one change moves a little: no decision goes through all tenants. */
export class Occupancy {
  readonly #loads: Map<string, OwnLoad>;
  readonly #held: Map<string, OwnTerm>;
  #token: Token = {};

  constructor(source?: Occupancy) {
    this.#loads = new Map(source === undefined ? [] : source.#loads);
    this.#held = new Map(source === undefined ? [] : source.#held);
    if (source !== undefined) source.#token = {};
  }

  /** A copy that goes its own way. Costs a step for each host, not for each tenant. */
  fork(): Occupancy {
    return new Occupancy(this);
  }

  /** What stands on a host. */
  on(host: string): Load {
    return this.#loads.get(host) ?? EMPTY;
  }

  /** Every term that some tenant holds. */
  held(): Iterable<HeldTerm> {
    return this.#held.values();
  }

  add(demand: Demand, host: string): void {
    const load = this.#ownLoad(host);
    addTo(load.requested, demand.requests, 1);
    addTo(load.scored, demand.scoredRequests, 1);
    load.ports.push(...demand.hostPorts);
    load.tenants.set(demand.key, demand);
    count(load.siblings, demand.controllerUid, 1);
    this.#hold(demand, { host, step: 1 });
  }

  /** Takes away what {@link add} put there: the same demand on the same host. Does nothing where it is not there. */
  remove(demand: Demand, host: string): void {
    if (!this.on(host).tenants.has(demand.key)) return;
    const load = this.#ownLoad(host);
    load.tenants.delete(demand.key);
    count(load.siblings, demand.controllerUid, -1);
    addTo(load.requested, demand.requests, -1);
    addTo(load.scored, demand.scoredRequests, -1);
    for (const port of demand.hostPorts) removePort(load.ports, port);
    if (load.tenants.size === 0) this.#loads.delete(host);
    this.#hold(demand, { host, step: -1 });
  }

  #ownLoad(host: string): OwnLoad {
    const load = this.#loads.get(host);
    if (load?.token === this.#token) return load;
    const { requested, scored, ports, tenants, siblings } = load ?? EMPTY;
    const own = {
      token: this.#token,
      requested: { ...requested },
      scored: { ...scored },
      ports: [...ports],
      tenants: new Map(tenants),
      siblings: new Map(siblings),
    };
    this.#loads.set(host, own);
    return own;
  }

  #hold(demand: Demand, change: { host: string; step: 1 | -1 }): void {
    for (const term of demand.antiAffinity) this.#holdTerm(term, 'forbid', change);
    for (const term of demand.affinity) this.#holdTerm(term, REQUIRED_AFFINITY_WEIGHT, change);
    for (const { weight, ...term } of demand.preferredTenants) this.#holdTerm(term, weight, change);
  }

  #holdTerm(
    term: TenantTerm,
    weight: HeldTerm['weight'],
    { host, step }: { host: string; step: 1 | -1 },
  ): void {
    const id = `${weight} ${term.id}`;
    const held = this.#held.get(id);
    const own =
      held?.token === this.#token ? held : { token: this.#token, term, weight, hosts: new Map(held?.hosts) };
    if (own !== held) this.#held.set(id, own);
    count(own.hosts, host, step);
    if (own.hosts.size === 0) this.#held.delete(id);
  }
}

/** Whether two ports are in each other's way: the same port, on the same address or on all of them. */
export function collide(a: HostPort, b: HostPort): boolean {
  return (
    a.port === b.port && (a.address === b.address || a.address === ANY_ADDRESS || b.address === ANY_ADDRESS)
  );
}

function addTo(sums: Record<string, number>, amounts: Amounts, sign: 1 | -1): void {
  for (const name in amounts) sums[name] = (sums[name] ?? 0) + sign * (amounts[name] ?? 0);
}

function count(counts: Map<string, number>, key: string | undefined, step: 1 | -1): void {
  if (key === undefined) return;
  const next = (counts.get(key) ?? 0) + step;
  if (next > 0) counts.set(key, next);
  else counts.delete(key);
}

function removePort(ports: HostPort[], { address, port }: HostPort): void {
  const index = ports.findIndex((each) => each.port === port && each.address === address);
  if (index >= 0) ports.splice(index, 1);
}
