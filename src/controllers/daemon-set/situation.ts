import type { DaemonSet } from '#api/apps/daemon-set.ts';
import type { Node } from '#api/core/node.ts';
import type { Pod } from '#api/core/pod.ts';
import { judgeNode, type NodeVerdict, targetNode } from '#controllers/daemon-set/placement.ts';
import { isPodAvailable } from '#controllers/pod-state.ts';
import { REVISION_LABEL, type TemplateHistory } from '#controllers/template-revisions.ts';

/** A DaemonSet with its pods by node, as of now. */
export interface Situation {
  readonly set: DaemonSet;
  readonly history: TemplateHistory;
  /** Every node, by name, with the pods that are on it or made for it, oldest first. */
  readonly places: readonly Place[];
  /** Pods of nodes that are not there (any more). */
  readonly strays: readonly Pod[];
  readonly nowMs: number;
}

export interface Place extends NodeVerdict {
  readonly node: string;
  readonly pods: readonly Pod[];
}

export function situationOf(
  set: DaemonSet,
  {
    nodes,
    pods,
    history,
    nowMs,
  }: { nodes: readonly Node[]; pods: readonly Pod[]; history: TemplateHistory; nowMs: number },
): Situation {
  const byNode = new Map<string, Pod[]>(nodes.map(({ metadata }) => [metadata.name, []]));
  const strays: Pod[] = [];
  for (const pod of pods.toSorted(byAge)) (byNode.get(targetNode(pod) ?? '') ?? strays).push(pod);
  const places = nodes.map((node) => ({
    ...judgeNode(set, node),
    node: node.metadata.name,
    pods: byNode.get(node.metadata.name) ?? [],
  }));
  return { set, history, places: places.toSorted((a, b) => (a.node < b.node ? -1 : 1)), strays, nowMs };
}

export function isUpdated({ history }: Situation, { metadata }: Pod): boolean {
  return metadata.labels?.[REVISION_LABEL] === history.update.hash;
}

export function isAvailable({ set, nowMs }: Situation, pod: Pod): boolean {
  return isPodAvailable(pod, { minReadySeconds: set.spec.minReadySeconds ?? 0, nowMs });
}

function byAge(a: Pod, b: Pod): number {
  const [x, y] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (x !== y) return x < y ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
