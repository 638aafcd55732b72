import { type Node, type NodeSpec, nodeResource, type Taint } from '#api/core/node.ts';
import type { Controller } from '#reconcile/controller.ts';
import { timestamp } from '#system/clock.ts';

/** Which condition in which state is told by which taint. */
const BY_CONDITION: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: 'not-ready', Unknown: 'unreachable' },
  MemoryPressure: { True: 'memory-pressure' },
  DiskPressure: { True: 'disk-pressure' },
  PIDPressure: { True: 'pid-pressure' },
  NetworkUnavailable: { True: 'network-unavailable' },
};

const OWN_KEYS: ReadonlySet<string> = new Set(
  ['unschedulable', ...Object.values(BY_CONDITION).flatMap((states) => Object.values(states))].map(keyOf),
);

function keyOf(name: string): string {
  return `node.kubernetes.io/${name}`;
}

/**
 * Keeps the `NoSchedule` taints of nodes in step with their conditions and with `spec.unschedulable`, as Kubernetes' node
 * lifecycle controller does. Taints of others are left alone, and so are the `NoExecute` ones.
 */
export const nodeTaintController: Controller<Node> = {
  name: 'node-lifecycle-taints',
  for: nodeResource,
  reads: [],
  writes: [{ type: nodeResource, verbs: ['patch'] }],
  plan({ object: node }, nowMs) {
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) return [];
    const taints = node.spec.taints ?? [];
    const wanted = wantedKeys(node);
    const kept = taints.filter((taint) => !isOwn(taint) || wanted.has(taint.key));
    const has = new Set(taints.filter(isOwn).map(({ key }) => key));
    const added = [...wanted].filter((key) => !has.has(key));
    if (kept.length === taints.length && added.length === 0) return [];
    const next = [
      ...kept,
      ...added.map((key): Taint => ({ key, effect: 'NoSchedule', timeAdded: timestamp(nowMs) })),
    ];
    const { name, resourceVersion } = node.metadata;
    const patch: { metadata: object; spec: { taints: NodeSpec['taints'] | null } } = {
      metadata: { resourceVersion },
      spec: { taints: next.length === 0 ? null : next },
    };
    const why = `the taints of the node follow its conditions: ${[...wanted].join(', ') || 'none'}`;
    return [{ type: 'patch', resource: nodeResource, name: { name }, patch, why }];
  },
};

function isOwn({ key, effect }: Taint): boolean {
  return effect === 'NoSchedule' && OWN_KEYS.has(key);
}

function wantedKeys({ spec, status }: Node): Set<string> {
  const conditions = status?.conditions ?? [];
  const wanted = conditions.flatMap(({ type, status: state }) => BY_CONDITION[type]?.[state] ?? []);
  // A node that has not told anything yet is not ready.
  if (!conditions.some(({ type }) => type === 'Ready')) wanted.push('not-ready');
  if (spec.unschedulable === true) wanted.push('unschedulable');
  return new Set(wanted.map(keyOf));
}
