import type { Frontend } from '#network/frontend.ts';
import { blockOf, formatBlock, outermost } from '#network/ipv4.ts';
import type { NftChain, NftSet } from '#network/nft-table.ts';

/** Clients remembered by endpoint of a service with affinity; further ones are spread as without. */
const AFFINITY_CLIENTS_MAX = 65_536;

/** The chains and affinity sets of one frontend; none where nothing answers. Its entry is the chain of its name. */
export function frontendChains(frontend: Frontend): {
  chains: [string, NftChain][];
  sets: [string, NftSet][];
} {
  if (frontend.endpoints.length === 0) return { chains: [], sets: [] };
  const entry =
    frontend.affinitySeconds === undefined ? spread(frontend) : stick(frontend, frontend.affinitySeconds);
  if (!frontend.addresses.some(({ restricted }) => restricted)) return entry;
  return {
    chains: [...entry.chains, [`restricted/${frontend.name}`, restriction(frontend)]],
    sets: entry.sets,
  };
}

/** Any endpoint, at random, for each connection. */
function spread({ name, protocol, endpoints }: Frontend): {
  chains: [string, NftChain][];
  sets: [string, NftSet][];
} {
  const choices = endpoints.map(({ address, port }, index) => `${index} : ${address} . ${port}`).join(', ');
  const [only] = endpoints;
  const target =
    endpoints.length === 1 && only !== undefined
      ? `${only.address}:${only.port}`
      : `numgen random mod ${endpoints.length} map { ${choices} }`;
  return { chains: [[name, { rules: [`meta l4proto ${protocol} dnat ip to ${target}`] }]], sets: [] };
}

/** The endpoint that the client had last, else any; each new connection renews the memory. */
function stick(
  frontend: Frontend,
  seconds: number,
): { chains: [string, NftChain][]; sets: [string, NftSet][] } {
  const { name, protocol, endpoints } = frontend;
  const targets = endpoints.map((endpoint) => {
    const suffix = `${name}/${endpoint.address}/${endpoint.port}`;
    return { endpoint, chain: `to/${suffix}`, memory: `clients-${seconds}s/${suffix}` };
  });
  const choices = targets.map(({ chain }, index) => `${index} : goto ${chain}`).join(', ');
  return {
    chains: [
      [
        name,
        {
          rules: [
            ...targets.map(({ chain, memory }) => `ip saddr @${memory} goto ${chain}`),
            `numgen random mod ${targets.length} vmap { ${choices} }`,
          ],
        },
      ],
      ...targets.map(({ endpoint, chain, memory }): [string, NftChain] => [
        chain,
        {
          rules: [
            `update @${memory} { ip saddr }`,
            `meta l4proto ${protocol} dnat ip to ${endpoint.address}:${endpoint.port}`,
          ],
        },
      ]),
    ],
    sets: targets.map(({ memory }) => [memory, clientSet(seconds)]),
  };
}

/** The timeout is part of the set's name, so that a set never changes its definition. */
function clientSet(seconds: number): NftSet {
  return {
    kind: 'set',
    definition: [
      'type ipv4_addr',
      `size ${AFFINITY_CLIENTS_MAX}`,
      'flags dynamic,timeout',
      `timeout ${seconds}s`,
    ],
    elements: new Map(),
  };
}

/** Drops who may not come. What is not IPv4 among the allowed allows nobody. */
function restriction({ name, sourceCidrs }: Frontend): NftChain {
  const blocks = outermost(sourceCidrs.map(blockOf)).map(formatBlock);
  if (blocks.length === 0) return { rules: ['drop'] };
  return { rules: [`ip saddr != { ${blocks.join(', ')} } drop`, `goto ${name}`] };
}
