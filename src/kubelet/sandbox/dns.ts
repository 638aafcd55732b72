import type { Pod } from '#api/core/pod.ts';
import type { PodDNSConfig } from '#api/core/pod-spec.ts';
import type { SandboxConfig } from '#cri/runtime.ts';

/** What a resolv.conf holds. */
export type DnsConfig = SandboxConfig['dns'];

/** The cluster's DNS: where it answers and the zone it answers for. */
export interface ClusterDns {
  readonly serverAddresses: readonly string[];
  /** `cluster.local`. */
  readonly domain: string;
}

/** Kubernetes' limits on what a resolv.conf may hold; more is left off. */
const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;

/** The resolver configuration of a pod by its dnsPolicy and dnsConfig (Kubernetes docs, "DNS for Services and Pods"). */
export function dnsConfigOf(pod: Pod, context: { cluster: ClusterDns; host: DnsConfig }): DnsConfig {
  const base = basicConfig(pod, context);
  return merge(base, pod.spec.dnsConfig ?? {});
}

function basicConfig(pod: Pod, { cluster, host }: { cluster: ClusterDns; host: DnsConfig }): DnsConfig {
  const { dnsPolicy = 'ClusterFirst', hostNetwork } = pod.spec;
  if (dnsPolicy === 'None') return { servers: [], searches: [], options: [] };
  const isCluster =
    dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && hostNetwork !== true);
  if (!isCluster || cluster.serverAddresses.length === 0) return host;
  const { domain } = cluster;
  const own = [`${pod.metadata.namespace ?? 'default'}.svc.${domain}`, `svc.${domain}`, domain];
  return { servers: cluster.serverAddresses, searches: [...own, ...host.searches], options: ['ndots:5'] };
}

function merge(base: DnsConfig, config: PodDNSConfig): DnsConfig {
  const options = new Map(base.options.map((option) => [option.split(':')[0] ?? option, option]));
  for (const { name = '', value } of config.options ?? []) {
    if (name !== '') options.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
  }
  return {
    servers: unique([...(config.nameservers ?? []), ...base.servers]).slice(0, NAMESERVERS_MAX),
    searches: unique([...base.searches, ...(config.searches ?? [])]).slice(0, SEARCHES_MAX),
    options: [...options.values()],
  };
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

/** Reads a resolv.conf (resolv.conf(5)); lines it does not know are skipped. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  const options: string[] = [];
  let searches: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/u);
    if (keyword === 'nameserver' && values[0] !== undefined) servers.push(values[0]);
    else if (keyword === 'search') searches = values;
    else if (keyword === 'options') options.push(...values);
  }
  return { servers: servers.slice(0, NAMESERVERS_MAX), searches: searches.slice(0, SEARCHES_MAX), options };
}
