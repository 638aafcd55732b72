import type { Pod } from '#api/core/pod.ts';
import type { PodCondition } from '#api/core/pod-status.ts';
import { parseTimestamp } from '#system/clock.ts';

/** Whether a pod has ended for good, well or not. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Whether a pod counts as a replica: neither ended nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

/** When a pod became ready, in milliseconds; undefined where it is not, or where its status does not say. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = podCondition(pod, 'Ready');
  return ready?.status === 'True' ? parseTimestamp(ready.lastTransitionTime) : undefined;
}

/** Whether a pod has been ready for `minReadySeconds`, without which being ready is enough. */
export function isPodAvailable(
  pod: Pod,
  { minReadySeconds, nowMs }: { minReadySeconds: number; nowMs: number },
): boolean {
  if (!isPodReady(pod)) return false;
  return minReadySeconds === 0 || untilAvailableMs(pod, { minReadySeconds, nowMs }) === 0;
}

/** How long until a ready pod is available if it stays ready, in milliseconds; Infinity where it is not ready. */
export function untilAvailableMs(
  pod: Pod,
  { minReadySeconds, nowMs }: { minReadySeconds: number; nowMs: number },
): number {
  const sinceMs = readySinceMs(pod);
  return sinceMs === undefined ? Infinity : Math.max(0, sinceMs + minReadySeconds * 1000 - nowMs);
}
