import type { Pod } from '#api/core/pod.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import { compileLabelSelector } from '#api/selector.ts';

/** Reasons for which a container waits that are on the way to its start: no trouble. */
const ORDINARY_REASONS = new Set(['ContainerCreating', 'PodInitializing']);

/**
 * What keeps the pods of a workload from running, in one sentence, or undefined where nothing does: the message of the
 * first container that waits for something that does not come by itself, or of a pod that fits nowhere.
 */
export function podTrouble(workload: KubeObject, pods: readonly Pod[]): string | undefined {
  const { selector } = (workload as KubeObject & { spec?: { selector?: LabelSelector } }).spec ?? {};
  if (selector === undefined) return undefined;
  const matcher = compileLabelSelector(selector);
  const own = pods
    .filter(
      (pod) => matcher.matches(pod.metadata.labels ?? {}) && pod.metadata.deletionTimestamp === undefined,
    )
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const pod of own) {
    const trouble = troubleOf(pod);
    if (trouble !== undefined) return `pod ${pod.metadata.name}: ${trouble}`;
  }
  return undefined;
}

function troubleOf({ status }: Pod): string | undefined {
  const unscheduled = status?.conditions?.find(
    ({ type, status: value }) => type === 'PodScheduled' && value === 'False',
  );
  if (unscheduled?.message !== undefined) return unscheduled.message;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name, state } of containers) {
    const { reason, message } = state?.waiting ?? {};
    if (reason === undefined || ORDINARY_REASONS.has(reason)) continue;
    return message === undefined
      ? `container ${name}: ${reason}`
      : `container ${name}: ${reason}: ${message}`;
  }
  return undefined;
}
