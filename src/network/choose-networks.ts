import { blockOf, blocksWithin, formatBlock, type Ipv4Block, overlaps, parseBlock } from '#network/ipv4.ts';
import { POD_POOL_CIDR, SERVICE_POOL_CIDR } from '#network/site-network.ts';

/** The size of the networks that are chosen: 254 addresses of pods on a host, 254 of services. */
const CHOSEN_PREFIX_LENGTH = 24;

/** What the machine says and what is known of other sites. */
export interface NetworkSurroundings {
  /** Output of `ip -j -4 route show table all`. */
  readonly routesJson: string;
  /** Output of `ip -j -4 addr`. */
  readonly addressesJson: string;
  /**
   * Networks and single addresses that must stay reachable or are recorded: networks of the machine's other sites (also
   * those that are stopped), the resolvers of /etc/resolv.conf, the hub.
   */
  readonly taken: readonly string[];
  readonly podPoolCidr?: string;
  readonly servicePoolCidr?: string;
}

/**
 * The first networks of the pools that touch no route, no address and nothing recorded. The default route does not count.
 * IPv4 only: entries of `taken` that are not IPv4 are passed over. Throws where a pool has no room, naming it.
 */
export function chooseNetworks(surroundings: NetworkSurroundings): { podCidr: string; serviceCidr: string } {
  const used = [
    ...routedBlocks(surroundings.routesJson),
    ...ownBlocks(surroundings.addressesJson),
    ...surroundings.taken.map(parseBlock).filter((block) => block !== undefined),
  ];
  const pods = firstFree(surroundings.podPoolCidr ?? POD_POOL_CIDR, used);
  const services = firstFree(surroundings.servicePoolCidr ?? SERVICE_POOL_CIDR, [...used, pods]);
  return { podCidr: formatBlock(pods), serviceCidr: formatBlock(services) };
}

function firstFree(poolCidr: string, used: readonly Ipv4Block[]): Ipv4Block {
  for (const candidate of blocksWithin(blockOf(poolCidr), CHOSEN_PREFIX_LENGTH)) {
    if (!used.some((block) => overlaps(block, candidate))) return candidate;
  }
  throw new Error(
    `no /${CHOSEN_PREFIX_LENGTH} of ${poolCidr} is free on this machine: routes, addresses and other sites take it all`,
  );
}

function routedBlocks(json: string): Ipv4Block[] {
  const routes = parseArray(json) as { dst?: string }[];
  const blocks = routes.map(({ dst = 'default' }) => parseBlock(dst));
  return blocks.filter((block) => block !== undefined).filter((block) => block.length > 0);
}

function ownBlocks(json: string): Ipv4Block[] {
  const links = parseArray(json) as {
    addr_info?: { family?: string; local?: string; prefixlen?: number }[];
  }[];
  return links
    .flatMap((link) => link.addr_info ?? [])
    .map(({ local = '', prefixlen = 32 }) => parseBlock(`${local}/${prefixlen}`))
    .filter((block) => block !== undefined);
}

/** `ip -j` prints nothing at all where there is nothing to list, and `{}` for links that are filtered out. */
function parseArray(json: string): unknown[] {
  return json.trim() === '' ? [] : (JSON.parse(json) as unknown[]);
}
