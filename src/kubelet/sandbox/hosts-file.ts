import type { Pod } from '#api/core/pod.ts';
import { hostnameOf, subdomainOf } from '#kubelet/sandbox/hostname.ts';

const HEADER = '# Kubernetes-managed hosts file.';
const HOST_NETWORK_HEADER = '# Kubernetes-managed hosts file (host network).';

const LOOPBACK = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

/** The `/etc/hosts` of a pod: its own name and its hostAliases; on the host's network the host's file and the aliases. */
export function hostsFile(
  pod: Pod,
  context: { addresses: readonly string[]; hostFile: string; clusterDomain: string },
): string {
  const aliases = (pod.spec.hostAliases ?? []).map(
    ({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`,
  );
  const aliasLines = aliases.length === 0 ? [] : ['', '# Entries added by HostAliases.', ...aliases];
  if (pod.spec.hostNetwork === true)
    return [HOST_NETWORK_HEADER, context.hostFile.trimEnd(), ...aliasLines, ''].join('\n');
  const hostname = hostnameOf(pod);
  const subdomain = subdomainOf(pod, context.clusterDomain);
  const names = subdomain === undefined ? hostname : `${hostname}.${subdomain}\t${hostname}`;
  const own = context.addresses.map((address) => `${address}\t${names}`);
  return [HEADER, ...LOOPBACK, ...own, ...aliasLines, ''].join('\n');
}
