import type { Container, EphemeralContainer } from '#api/core/container.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';

/** A container and where it stands in its pod. */
export interface PlacedContainer {
  /** `spec.containers[0]`. */
  readonly path: string;
  readonly container: Container | EphemeralContainer;
}

/** Every container of a pod with its place, in the order in which Kubernetes looks at them. */
export function placedContainers(field: string, spec: PodSpec): PlacedContainer[] {
  const lists = {
    initContainers: spec.initContainers ?? [],
    containers: spec.containers,
    ephemeralContainers: spec.ephemeralContainers ?? [],
  };
  return Object.entries(lists).flatMap(([name, containers]) =>
    containers.map((container, index) => ({ path: `${field}.${name}[${index}]`, container })),
  );
}
