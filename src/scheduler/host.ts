import type { Node, Taint } from '#api/core/node.ts';
import { type Amounts, amountsOf } from '#scheduler/amounts.ts';

/** What is known of a place for demands: a node of a site, or a site of a fleet. */
export interface Host {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** What it has for demands in all, `pods` included. */
  readonly allocatable: Amounts;
  /** Bytes of the images that it holds, by each of their names. */
  readonly images: ReadonlyMap<string, number>;
}

const hosts = new WeakMap<Node, Host>();

/**
 * A node as a host. That it is cordoned, or not ready, or has not been heard of, is a taint, whether the node carries that
 * taint by now or not (Kubernetes docs, "Taints and Tolerations", "Taint based Evictions").
 */
export function hostOfNode(node: Node): Host {
  const known = hosts.get(node);
  if (known !== undefined) return known;
  const host = composeHost(node);
  hosts.set(node, host);
  return host;
}

function composeHost({ metadata, spec, status }: Node): Host {
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    taints: taintsOf({ spec, status }),
    allocatable: amountsOf(status?.allocatable),
    images: new Map(
      (status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) =>
        names.map((name) => [name, sizeBytes] as const),
      ),
    ),
  };
}

function taintsOf({ spec, status }: { spec: Node['spec']; status: Node['status'] }): Taint[] {
  const taints = [...(spec.taints ?? [])];
  const add = (key: string): void => {
    if (!taints.some((taint) => taint.key === key && taint.effect === 'NoSchedule'))
      taints.push({ key, effect: 'NoSchedule' });
  };
  if (spec.unschedulable === true) add('node.kubernetes.io/unschedulable');
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  if (ready === 'Unknown') add('node.kubernetes.io/unreachable');
  else if (ready !== 'True') add('node.kubernetes.io/not-ready');
  return taints;
}
