import { type Pod, podResource } from '#api/core/pod.ts';
import { objectKey } from '#api/object.ts';
import type { ViewIndex } from '#client/view.ts';

/** The name by which pods ask for this scheduler; pods that name another one are left to it. */
export const SCHEDULER_NAME = 'default-scheduler';

/** Pods that wait for a host. */
export interface Queue {
  /** Not looked at yet. By key. */
  readonly fresh: Map<string, Pod>;
  /** Found to fit nowhere: looked at again when a host or another pod changes. By key. */
  readonly unschedulable: Map<string, Pod>;
}

/** The queue, kept current by the view of all pods. */
export const queueIndex: ViewIndex<Pod, Queue> = {
  type: podResource,
  create: () => ({ fresh: new Map(), unschedulable: new Map() }),
  take: ({ fresh, unschedulable }, { key, object }) => {
    fresh.delete(key);
    unschedulable.delete(key);
    if (object === undefined || !isWaiting(object)) return;
    (isKnownUnschedulable(object) ? unschedulable : fresh).set(key, object);
  },
};

/** Whether a pod is this scheduler's to place: it has no host, is not ending, and nothing holds it back. */
export function isWaiting({ metadata, spec, status }: Pod): boolean {
  return (
    (spec.nodeName ?? '') === '' &&
    metadata.deletionTimestamp === undefined &&
    (spec.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME &&
    (spec.schedulingGates ?? []).length === 0 &&
    status?.phase !== 'Succeeded' &&
    status?.phase !== 'Failed'
  );
}

/** Pods in the order in which they choose: of higher priority first, then the older, then by name. */
export function inQueueOrder(pods: Iterable<Pod>): Pod[] {
  return [...pods].toSorted(
    (a, b) =>
      (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
      compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
      compare(objectKey(a), objectKey(b)),
  );
}

function isKnownUnschedulable({ status }: Pod): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return condition?.status === 'False' && condition.reason === 'Unschedulable';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
