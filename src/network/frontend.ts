import type { ServiceEndpoint } from '#network/service-endpoints.ts';

/** The protocols that are forwarded. SCTP is not: its NAT is not in every kernel. */
export type ForwardedProtocol = 'tcp' | 'udp';

/**
 * One thing that clients connect to, and who answers: a port of a service, or a host port of a pod. All its addresses and
 * ports were checked: they are IPv4, no other site's, and no other frontend's.
 */
export interface Frontend {
  /** Unique and made of characters that nftables takes in a name: `service/default/web/tcp/80`. */
  readonly name: string;
  readonly protocol: ForwardedProtocol;
  readonly addresses: readonly FrontendAddress[];
  /** Ports on the host's own addresses. */
  readonly hostPorts: readonly number[];
  readonly endpoints: readonly ServiceEndpoint[];
  /** How long a client stays with its endpoint after its last new connection, in seconds; absent without affinity. */
  readonly affinitySeconds?: number;
  /** Clients that may use the addresses marked `restricted`: IPv4 networks. */
  readonly sourceCidrs: readonly string[];
}

export interface FrontendAddress {
  readonly address: string;
  readonly port: number;
  /** Whether only `sourceCidrs` may connect here: a load balancer's address with loadBalancerSourceRanges. */
  readonly restricted: boolean;
}

/** Something of an object that is not forwarded, and why: for the log and for conditions. */
export interface FrontendProblem {
  /** `Service namespace/name` or `Pod namespace/name`. */
  readonly object: string;
  readonly message: string;
}

/**
 * Hands every address and port to the first that asks for it, so that two objects never own one map key. Ask in order of
 * age: then nobody takes over what another already has.
 */
export class FrontendClaims {
  readonly #owners = new Map<string, string>();

  /** True where `owner` now has the address (`*` for the host's own) and port; else the owner it belongs to. */
  claim(
    address: string,
    port: number,
    options: { protocol: ForwardedProtocol; owner: string },
  ): true | string {
    const key = `${address} ${options.protocol} ${port}`;
    const holder = this.#owners.get(key);
    if (holder !== undefined) return holder;
    this.#owners.set(key, options.owner);
    return true;
  }
}
