import type { Container } from '#api/core/container.ts';
import type { Pod } from '#api/core/pod.ts';

/**
 * What a container is to its pod: `init` runs to its end before what follows; `sidecar` is an init container with
 * restartPolicy Always, which must have started before what follows and is stopped last; `main` is what the pod is for;
 * `ephemeral` was added for debugging and never runs twice.
 */
export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

/** A container of a pod’s spec, and its role. */
export interface PodContainer {
  readonly role: ContainerRole;
  readonly spec: Container;
}

/** A pod's containers in the order in which they start. */
export function containersOf(pod: Pod): PodContainer[] {
  const init = (pod.spec.initContainers ?? []).map((spec) => ({ role: initRole(spec), spec }));
  const main = pod.spec.containers.map((spec) => ({ role: 'main' as const, spec }));
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((spec) => ({
    role: 'ephemeral' as const,
    spec,
  }));
  return [...init, ...main, ...ephemeral];
}

function initRole(spec: Container): 'init' | 'sidecar' {
  return spec.restartPolicy === 'Always' ? 'sidecar' : 'init';
}

/** The container of this name; undefined where the pod has none. */
export function containerNamed(pod: Pod, name: string): PodContainer | undefined {
  return containersOf(pod).find(({ spec }) => spec.name === name);
}
