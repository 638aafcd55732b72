import type { Node } from '#api/core/node.ts';
import type { Pod } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';

/** For tests: a ready node with 4 cores, 8 GiB and room for 110 pods, in zone `z1` unless told otherwise. */
export function testNode(
  name: string,
  {
    labels = {},
    spec = {},
    status = {},
  }: { labels?: Record<string, string>; spec?: Node['spec']; status?: Partial<Node['status']> } = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': 'z1', ...labels },
    },
    spec,
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110', 'ephemeral-storage': '100Gi' },
      conditions: [{ type: 'Ready', status: 'True' }],
      ...status,
    },
  };
}

/** For tests: a pod that asks for 1 core and 1 GiB unless `spec` says otherwise. */
export function testPod(
  name: string,
  {
    spec = {},
    labels = {},
    namespace = 'shop',
    requests = { cpu: '1', memory: '1Gi' },
  }: {
    spec?: Partial<PodSpec>;
    labels?: Record<string, string>;
    namespace?: string;
    requests?: Record<string, string>;
  } = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels,
    },
    spec: { containers: [{ name: 'main', image: 'web:1', resources: { requests } }], ...spec },
  };
}
