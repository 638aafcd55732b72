import { nodeResource } from '#api/core/node.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { objectKey } from '#api/object.ts';
import type { ViewIndex } from '#client/view.ts';
import { isPodTerminal } from '#controllers/pod-state.ts';
import {
  type Action,
  type Controller,
  type Lookup,
  type ObjectIdentity,
  read,
  type Snapshot,
} from '#reconcile/controller.ts';

/** Pods by the node that they are bound to, and those that ended. */
interface PodsByNode {
  readonly bound: Map<string, Set<string>>;
  readonly terminal: Map<string, Pod>;
}

const podsByNode: ViewIndex<Pod, PodsByNode> = {
  type: podResource,
  create: () => ({ bound: new Map(), terminal: new Map() }),
  take: ({ bound, terminal }, { key, object, previous }) => {
    const from = previous?.spec.nodeName ?? '';
    const to = object?.spec.nodeName ?? '';
    if (from !== to) unbind(bound, { node: from, key });
    if (object !== undefined && to !== '') bound.set(to, (bound.get(to) ?? new Set()).add(key));
    if (object !== undefined && isPodTerminal(object)) terminal.set(key, object);
    else terminal.delete(key);
  },
};

function unbind(bound: PodsByNode['bound'], { node, key }: { node: string; key: string }): void {
  const pods = bound.get(node);
  pods?.delete(key);
  if (pods?.size === 0) bound.delete(node);
}

/**
 * Deletes pods that nobody else will: bound to a node that is gone, deleted before they had a node, and the oldest of
 * those that ended beyond `terminatedPodsMax` (Kubernetes docs, "Pod Lifecycle", "Garbage collection of Pods").
 */
export function podGarbageCollector({ terminatedPodsMax }: { terminatedPodsMax: number }): Controller<Pod> {
  return {
    name: 'pod-garbage-collector',
    for: podResource,
    reads: [read(nodeResource, podsOfLostNode)],
    writes: [{ type: podResource, verbs: ['delete'] }],
    plan(snapshot) {
      const { object: pod } = snapshot;
      if (pod === undefined) return [];
      return [...deleteUnhosted(snapshot, pod), ...deleteOldest(snapshot, { pod, terminatedPodsMax })];
    },
  };
}

function podsOfLostNode(
  { metadata: { name } }: { metadata: { name: string } },
  lookup: Lookup,
): readonly string[] {
  if (lookup.get(nodeResource, { name }) !== undefined) return [];
  return [...(lookup.index(podsByNode).bound.get(name) ?? [])];
}

function deleteUnhosted(snapshot: Snapshot<Pod>, pod: Pod): Action[] {
  const { nodeName = '' } = pod.spec;
  if (nodeName === '') {
    return pod.metadata.deletionTimestamp === undefined
      ? []
      : [forceDelete(pod, { why: 'it was deleted before it had a node' })];
  }
  if (snapshot.get(nodeResource, { name: nodeName }) !== undefined) return [];
  // The view of nodes may lag behind that of pods: the server has the last word.
  const unless = [{ resource: nodeResource, name: { name: nodeName } }];
  return [forceDelete(pod, { unless, why: `its node ${nodeName} is gone` })];
}

/** A pod that ends may make others the oldest of too many. */
function deleteOldest(
  snapshot: Snapshot<Pod>,
  { pod, terminatedPodsMax }: { pod: Pod; terminatedPodsMax: number },
): Action[] {
  if (!isPodTerminal(pod)) return [];
  const { terminal } = snapshot.index(podsByNode);
  const excess = terminal.size - terminatedPodsMax;
  if (excess <= 0) return [];
  const oldest = [...terminal.values()].toSorted(byAge).slice(0, excess);
  return oldest.map((each) => forceDelete(each, { why: `more than ${terminatedPodsMax} pods have ended` }));
}

function forceDelete(
  { metadata: { namespace, name, uid } }: Pod,
  { why, unless }: { why: string; unless?: readonly ObjectIdentity[] },
): Action {
  const how = unless === undefined ? {} : { unless };
  return {
    type: 'delete',
    resource: podResource,
    name: { namespace, name },
    uid,
    gracePeriodSeconds: 0,
    ...how,
    why,
  };
}

function byAge(a: Pod, b: Pod): number {
  const [x, y] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return x === y ? (objectKey(a) < objectKey(b) ? -1 : 1) : x < y ? -1 : 1;
}
