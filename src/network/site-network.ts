import { blockOf, formatBlock, formatIpv4, type Ipv4Block, overlaps } from '#network/ipv4.ts';

/** Where pods of all sites of a machine get their networks from, unless a site is told otherwise. */
export const POD_POOL_CIDR = '10.60.0.0/16';

/** Where services of all sites of a machine get their networks from. */
export const SERVICE_POOL_CIDR = '10.61.0.0/16';

/** The domain of a site's services, as everywhere in Kubernetes. */
export const CLUSTER_DOMAIN = 'cluster.local';

/**
 * The network of one site on one host. Several sites share a machine and its network namespace: no name and no range of
 * one may be that of another.
 */
export interface SiteNetwork {
  readonly siteName: string;
  /** Eight hexadecimal digits that no other site of this machine has. */
  readonly instanceId: string;
  /** The bridge that the site's pods are on: `sk-<instanceId>`. */
  readonly bridgeName: string;
  /** The nftables table, family inet: `skerry-<instanceId>`. Also the name of the pod network towards CNI. */
  readonly nftTable: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The bridge's own address: the pods' gateway, and where the site's DNS answers. The first of the pod network. */
  readonly dnsAddress: string;
  /** The cluster address of the API server's own Service: the first of the service network. */
  readonly apiAddress: string;
  /**
   * Every range that sites of this machine draw their networks from. Node ports and host ports never answer on an
   * address of these, so that no site takes what is meant for another's DNS or service.
   */
  readonly reservedCidrs: readonly string[];
}

/** The network of a site from what was chosen for it: the names follow from the id, the addresses from the ranges. */
export function siteNetwork(options: {
  siteName: string;
  instanceId: string;
  podCidr: string;
  serviceCidr: string;
  poolCidrs?: readonly string[];
}): SiteNetwork {
  const { siteName, instanceId } = options;
  if (!/^[0-9a-f]{8}$/u.test(instanceId))
    throw new Error(`instance id "${instanceId}" is not eight hexadecimal digits`);
  const pods = blockOf(options.podCidr);
  const services = blockOf(options.serviceCidr);
  if (overlaps(pods, services))
    throw new Error(`pod network ${options.podCidr} and service network ${options.serviceCidr} overlap`);
  if (pods.length > 30) throw new Error(`pod network ${options.podCidr} is too small: at most /30`);
  return {
    siteName,
    instanceId,
    bridgeName: `sk-${instanceId}`,
    nftTable: `skerry-${instanceId}`,
    podCidr: formatBlock(pods),
    serviceCidr: formatBlock(services),
    dnsAddress: formatIpv4(pods.base + 1),
    apiAddress: formatIpv4(services.base + 1),
    reservedCidrs: [
      ...(options.poolCidrs ?? [POD_POOL_CIDR, SERVICE_POOL_CIDR]),
      formatBlock(pods),
      formatBlock(services),
    ],
  };
}

/** The ranges of a site, parsed. */
export interface SiteRanges {
  readonly podCidr: Ipv4Block;
  readonly serviceCidr: Ipv4Block;
  readonly reservedCidrs: readonly Ipv4Block[];
}

/** Parses a site's ranges, once for many comparisons. */
export function rangesOf(network: SiteNetwork): SiteRanges {
  return {
    podCidr: blockOf(network.podCidr),
    serviceCidr: blockOf(network.serviceCidr),
    reservedCidrs: network.reservedCidrs.map(blockOf),
  };
}
