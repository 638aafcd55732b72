import type { Pod } from '#api/core/pod.ts';

/** The longest host name that Linux keeps, in characters. */
const HOSTNAME_CHARS_MAX = 63;

/** The pod's host name: `spec.hostname`, else its name; too long a name is cut, and does not end in `-` or `.`. */
export function hostnameOf(pod: Pod): string {
  const name = pod.spec.hostname ?? pod.metadata.name;
  return name.slice(0, HOSTNAME_CHARS_MAX).replace(/[-.]+$/u, '');
}

/** The domain below which a pod with a subdomain has its name: `SUBDOMAIN.NAMESPACE.svc.CLUSTER`. */
export function subdomainOf(pod: Pod, clusterDomain: string): string | undefined {
  const { subdomain } = pod.spec;
  if (subdomain === undefined || subdomain === '') return undefined;
  return `${subdomain}.${pod.metadata.namespace ?? 'default'}.svc.${clusterDomain}`;
}
