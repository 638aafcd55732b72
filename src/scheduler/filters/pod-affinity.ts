import type { Demand } from '#scheduler/demand.ts';
import type { Host } from '#scheduler/host.ts';
import { FITS, type Filter, type Surroundings, sumByDomain } from '#scheduler/surroundings.ts';
import { matchesTenant, type TenantTerm } from '#scheduler/tenant-term.ts';

const NO_COMPANY = ["node(s) didn't match pod affinity rules"];
const BAD_COMPANY = ["node(s) didn't match pod anti-affinity rules"];
const UNWELCOME = ["node(s) didn't satisfy existing pods anti-affinity rules"];

type DomainTest = (host: Host) => boolean;

/** Required affinity and anti-affinity between tenants, the newcomer's and that of those who are there. */
export const podAffinityFilter: Filter = {
  name: 'InterPodAffinity',
  prepare: (demand, surroundings) => {
    const isUnwelcome = unwelcome(demand, surroundings);
    const hasBadCompany = demand.antiAffinity.map((term) => inhabited(term, surroundings));
    const hasCompany = company(demand, surroundings);
    if (isUnwelcome.length === 0 && hasBadCompany.length === 0 && hasCompany.length === 0) return undefined;
    return (host) => {
      if (!hasCompany.every((test) => test(host))) return NO_COMPANY;
      if (hasBadCompany.some((test) => test(host))) return BAD_COMPANY;
      return isUnwelcome.some((test) => test(host)) ? UNWELCOME : FITS;
    };
  },
};

/** Whether a host lies in a domain with at least one tenant that the term means. */
function inhabited(term: TenantTerm, { hosts, countTenants }: Surroundings): DomainTest {
  const counts = countTenants(term);
  const domains = sumByDomain(hosts, {
    topologyKey: term.topologyKey,
    countOf: (host) => counts.get(host) ?? 0,
  });
  return ({ labels }) => (domains.get(labels[term.topologyKey] ?? '') ?? 0) > 0;
}

/** The first of a group that wants to be together has nobody to join: it may stand in any domain. */
function company(demand: Demand, surroundings: Surroundings): DomainTest[] {
  const { affinity } = demand;
  const isAlone =
    affinity.every((term) => matchesTenant(term, { ...demand, ...surroundings })) &&
    affinity.every((term) => surroundings.countTenants(term).size === 0);
  return affinity.map((term) =>
    isAlone ? ({ labels }) => labels[term.topologyKey] !== undefined : inhabited(term, surroundings),
  );
}

/** The domains in which somebody stands who does not suffer the newcomer. */
function unwelcome(demand: Demand, surroundings: Surroundings): DomainTest[] {
  const tests: DomainTest[] = [];
  for (const { term, weight, hosts } of surroundings.occupancy.held()) {
    if (weight !== 'forbid' || !matchesTenant(term, { ...demand, ...surroundings })) continue;
    const countOf = (host: string): number => hosts.get(host) ?? 0;
    const domains = sumByDomain(surroundings.hosts, { topologyKey: term.topologyKey, countOf });
    tests.push(({ labels }) => (domains.get(labels[term.topologyKey] ?? '') ?? 0) > 0);
  }
  return tests;
}
