import type { KubeObject } from '#api/object.ts';
import { objectKey } from '#api/object.ts';
import { type Frontend, FrontendClaims, type FrontendProblem } from '#network/frontend.ts';
import { frontendChains } from '#network/frontend-chains.ts';
import { hostPortFrontends } from '#network/host-port-frontends.ts';
import { blockOf, contains, formatBlock, outermost, parseIpv4 } from '#network/ipv4.ts';
import type { NftChain, NftSet, NftTable } from '#network/nft-table.ts';
import { slicesByService, sortedBy } from '#network/service-endpoints.ts';
import { serviceFrontends } from '#network/service-frontends.ts';
import type { ServiceState } from '#network/service-sources.ts';
import { rangesOf, type SiteNetwork, type SiteRanges } from '#network/site-network.ts';

export interface ServiceRulesOptions {
  readonly network: SiteNetwork;
  /**
   * Whether frames between ports of a bridge pass netfilter (net.bridge.bridge-nf-call-iptables). Where not, an answer
   * from pod to pod would not be translated back, so clients on the same bridge are masqueraded.
   */
  readonly bridgeNetfilter: boolean;
}

/**
 * The site's table: the same objects give the same table, in the same order. Endpoints are chosen at random by
 * connection, or by the client's address for `sessionAffinity: ClientIP`. internalTrafficPolicy and externalTrafficPolicy
 * make no difference where all pods are on one host; a client's address is kept wherever the answer comes back this way.
 * A service without endpoints is refused at once, not left to time out.
 *
 * The table never accepts on behalf of others: a forward chain of another table whose policy is drop (Docker's, a
 * firewall's) still drops the site's traffic, since nftables lets no table overrule that.
 */
export function serviceRules(
  state: ServiceState,
  options: ServiceRulesOptions,
): { table: NftTable; frontends: readonly Frontend[]; problems: readonly FrontendProblem[] } {
  const ranges = rangesOf(options.network);
  const { frontends, problems } = frontendsOf(state, ranges);
  const chains = new Map(baseChains(options));
  const affinities = new Map<string, NftSet>();
  for (const frontend of frontends) {
    const built = frontendChains(frontend);
    for (const [name, chain] of built.chains) chains.set(name, chain);
    for (const [name, set] of built.sets) affinities.set(name, set);
  }
  const sets = new Map([...lookupSets(frontends, ranges), ...affinities]);
  return { table: { name: options.network.nftTable, sets, chains }, frontends, problems };
}

/** Every frontend of the site, oldest object first: a newcomer takes no address or port that an older one has. */
function frontendsOf(
  state: ServiceState,
  ranges: SiteRanges,
): { frontends: Frontend[]; problems: FrontendProblem[] } {
  const claims = new FrontendClaims();
  const slices = slicesByService(state.slices);
  const results = [
    ...sortedBy(state.services, ageAndKey).map((service) =>
      serviceFrontends(service, slices.get(objectKey(service)) ?? [], { ranges, claims }),
    ),
    ...sortedBy(state.pods, ageAndKey).map((pod) => hostPortFrontends(pod, { ranges, claims })),
  ];
  return {
    frontends: results.flatMap((result) => result.frontends),
    problems: results.flatMap((result) => result.problems),
  };
}

function ageAndKey(object: KubeObject): string {
  return `${object.metadata.creationTimestamp} ${objectKey(object)}`;
}

/** What the packet path looks up: who serves an address and port, which are refused, which flows need masquerading. */
function lookupSets(frontends: readonly Frontend[], ranges: SiteRanges): [string, NftSet][] {
  const served = { addresses: new Map<string, string>(), ports: new Map<string, string>() };
  const refused = { addresses: new Map<string, string>(), ports: new Map<string, string>() };
  const hairpins = new Map<string, string>();
  const remotes = new Map<string, string>();
  for (const { name, protocol, addresses, hostPorts, endpoints } of frontends) {
    const hasEndpoints = endpoints.length > 0;
    const target = hasEndpoints ? served : refused;
    for (const { address, port, restricted } of addresses) {
      const verdict = hasEndpoints ? `goto ${restricted ? 'restricted/' : ''}${name}` : '';
      target.addresses.set(`${address} . ${protocol} . ${port}`, verdict);
    }
    for (const port of hostPorts)
      target.ports.set(`${protocol} . ${port}`, hasEndpoints ? `goto ${name}` : '');
    for (const endpoint of endpoints) {
      if (contains(ranges.podCidr, parseIpv4(endpoint.address) ?? 0))
        hairpins.set(`${endpoint.address} . ${endpoint.address}`, '');
      else remotes.set(`${endpoint.address} . ${protocol} . ${endpoint.port}`, '');
    }
  }
  const address = 'type ipv4_addr . inet_proto . inet_service';
  const port = 'type inet_proto . inet_service';
  return [
    ['served-addresses', { kind: 'map', definition: [`${address} : verdict`], elements: served.addresses }],
    ['served-ports', { kind: 'map', definition: [`${port} : verdict`], elements: served.ports }],
    ['refused-addresses', { kind: 'set', definition: [address], elements: refused.addresses }],
    ['refused-ports', { kind: 'set', definition: [port], elements: refused.ports }],
    ['hairpins', { kind: 'set', definition: ['type ipv4_addr . ipv4_addr'], elements: hairpins }],
    ['remote-endpoints', { kind: 'set', definition: [address], elements: remotes }],
  ];
}

/** The chains that are the same whatever services there are. Only the first packet of a connection passes `nat` chains. */
function baseChains({ network, bridgeNetfilter }: ServiceRulesOptions): [string, NftChain][] {
  const { bridgeName, podCidr, serviceCidr } = network;
  const reserved = outermost(network.reservedCidrs.map(blockOf)).map(formatBlock).join(', ');
  const destination = 'ip daddr . meta l4proto . th dport';
  const translate = [
    `${destination} vmap @served-addresses`,
    `fib daddr type local ip daddr != { ${reserved} } meta l4proto . th dport vmap @served-ports`,
  ];
  const refuse = [`ip daddr ${serviceCidr} goto refuse`, `${destination} @refused-addresses goto refuse`];
  const masquerade = 'masquerade fully-random';
  return [
    // localhost:<node port> needs route_localnet on the bridge; without this, pods could then reach what listens on loopback.
    [
      'guard-loopback',
      {
        hook: 'type filter hook prerouting priority raw; policy accept;',
        rules: [`iifname "${bridgeName}" ip daddr 127.0.0.0/8 drop`],
      },
    ],
    [
      'translate-incoming',
      { hook: 'type nat hook prerouting priority dstnat; policy accept;', rules: translate },
    ],
    ['translate-outgoing', { hook: 'type nat hook output priority -100; policy accept;', rules: translate }],
    [
      'masquerade-sources',
      {
        hook: 'type nat hook postrouting priority srcnat; policy accept;',
        rules: [
          'oifname "lo" return',
          bridgeNetfilter
            ? `ip saddr . ip daddr @hairpins ${masquerade}`
            : `ct status dnat ip saddr ${podCidr} ip daddr ${podCidr} ${masquerade}`,
          `ip saddr ${podCidr} ip daddr != ${podCidr} ${masquerade}`,
          `ip saddr 127.0.0.0/8 oifname "${bridgeName}" ${masquerade}`,
          `ct status dnat ${destination} @remote-endpoints ${masquerade}`,
        ],
      },
    ],
    ['refuse-forwarded', { hook: 'type filter hook forward priority filter; policy accept;', rules: refuse }],
    ['refuse-outgoing', { hook: 'type filter hook output priority filter; policy accept;', rules: refuse }],
    [
      'refuse-local',
      {
        hook: 'type filter hook input priority filter; policy accept;',
        rules: [
          `${destination} @refused-addresses goto refuse`,
          `ip daddr != { ${reserved} } meta l4proto . th dport @refused-ports goto refuse`,
        ],
      },
    ],
    ['refuse', { rules: ['meta l4proto tcp reject with tcp reset', 'reject'] }],
  ];
}
