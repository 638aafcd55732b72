import { type Pod, podResource } from '#api/core/pod.ts';
import { objectKey } from '#api/object.ts';
import type { ViewIndex } from '#client/view.ts';

/** The name by which pods ask for this scheduler; pods that name another one are left to it. */
export const SCHEDULER_NAME = 'default-scheduler';

/** Pods that wait for a host. */
export class Queue {
  /** Those that were found to fit nowhere: looked at again when a host or another pod changes. By key. */
  readonly unschedulable = new Map<string, Pod>();
  readonly #waiting = new Map<string, Pod>();
  #ordered: readonly Pod[] | undefined;

  /** All of them in the order in which they choose: of higher priority first, then the older, then by name. */
  get ordered(): readonly Pod[] {
    this.#ordered ??= [...this.#waiting.values()].toSorted(compareTurns);
    return this.#ordered;
  }

  /** Takes in what a pod has become; undefined where it is gone. */
  take(key: string, pod: Pod | undefined): void {
    const isIn = pod !== undefined && isWaiting(pod);
    if (!isIn && !this.#waiting.has(key)) return;
    this.#ordered = undefined;
    this.unschedulable.delete(key);
    this.#waiting.delete(key);
    if (!isIn) return;
    this.#waiting.set(key, pod);
    if (isKnownUnschedulable(pod)) this.unschedulable.set(key, pod);
  }
}

/** The queue, kept current by the view of all pods. */
export const queueIndex: ViewIndex<Pod, Queue> = {
  type: podResource,
  create: () => new Queue(),
  take: (queue, { key, object }) => queue.take(key, object),
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

function compareTurns(a: Pod, b: Pod): number {
  return (
    (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
    compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compareText(objectKey(a), objectKey(b))
  );
}

function isKnownUnschedulable({ status }: Pod): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return condition?.status === 'False' && condition.reason === 'Unschedulable';
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
