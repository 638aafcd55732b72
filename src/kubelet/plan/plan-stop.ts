import type { Pod } from '#api/core/pod.ts';
import type { Container } from '#cri/runtime.ts';
import type { PodAction } from '#kubelet/plan/pod-action.ts';
import { containersOf } from '#kubelet/pod-container.ts';
import type { PodFacts } from '#kubelet/pod-facts.ts';

/** A sidecar gets at least so long after the main containers have used the pod's grace up, in milliseconds. */
const SIDECAR_GRACE_MS_MIN = 2000;

/**
 * Stops what runs of a pod: main containers together, and when none of them is left, sidecars one by one in reverse
 * order (KEP-753). All at once where the pod is not known. Empty when nothing is left to ask for.
 */
export function planStop(facts: PodFacts, stop: { deadlineMs: number; pod: Pod | undefined }): PodAction[] {
  const alive = facts.runtime.containers.filter(isAlive);
  const sidecars = sidecarsInStopOrder(stop.pod, alive);
  const others = alive.filter((container) => !sidecars.includes(container));
  const [sidecar] = sidecars;
  if (others.length > 0 || sidecar === undefined)
    return others.map((container) => stopOf(container, stop.deadlineMs));
  return [stopOf(sidecar, Math.max(stop.deadlineMs, facts.monotonicMs + SIDECAR_GRACE_MS_MIN))];
}

function stopOf(container: Container, deadlineMs: number): PodAction {
  const { id: containerId, name } = container;
  return {
    type: 'stopContainer',
    containerId,
    name,
    deadlineMs,
    redefined: false,
    why: 'the pod is to stop',
  };
}

function sidecarsInStopOrder(pod: Pod | undefined, alive: readonly Container[]): Container[] {
  const names =
    pod === undefined
      ? []
      : containersOf(pod)
          .filter(({ role }) => role === 'sidecar')
          .map(({ spec }) => spec.name);
  return names.toReversed().flatMap((name) => alive.filter((container) => container.name === name));
}

function isAlive({ state }: Container): boolean {
  return state.type === 'running' || state.type === 'unknown';
}
