import type { Pod } from '#api/core/pod.ts';

/** What a pod's fields are that its object does not hold. */
export interface FieldContext {
  readonly pod: Pod;
  readonly addresses: readonly string[];
  readonly hostAddress: string;
  readonly nodeName: string;
}

/**
 * The value of a downward API `fieldRef`; undefined where the path is none that Kubernetes has. Labels and annotations as a
 * whole are lines of `key="escaped value"`, sorted (Kubernetes docs, "Downward API").
 */
export function fieldValue(
  path: string,
  { pod, addresses, hostAddress, nodeName }: FieldContext,
): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/u.exec(path);
  if (subscript !== null)
    return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return lines(pod.metadata.labels);
    case 'metadata.annotations':
      return lines(pod.metadata.annotations);
    case 'spec.nodeName':
      return nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return hostAddress;
    case 'status.podIP':
      return addresses[0] ?? '';
    case 'status.podIPs':
      return addresses.join(',');
    default:
      return undefined;
  }
}

function lines(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}
