import type { Container, EphemeralContainer } from '#api/core/container.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { ObjectMeta } from '#api/object.ts';

/** What a check looks at: a pod, or the template of a workload. */
export interface CheckedPod {
  readonly metadata: Partial<Pick<ObjectMeta, 'annotations' | 'name'>>;
  readonly spec: PodSpec;
}

/** Why a pod is against a rule: `privileged` with `container "a" must not set …`. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

/** One control of the Pod Security Standards. */
export interface SecurityCheck {
  /** As upstream names it; checks are asked in the order of their ids. */
  readonly id: string;
  readonly level: 'baseline' | 'restricted';
  /** The first minor version of Kubernetes 1 whose standard has it. */
  readonly since: number;
  /** Ids of baseline checks that this one stands in for. */
  readonly overrides?: readonly string[];
  /** `minor` is the version of the standard. */
  readonly find: (pod: CheckedPod, minor: number) => Violation | undefined;
}

export type AnyContainer = Container | EphemeralContainer;

/** Init containers, containers and ephemeral ones. */
export function allContainers({ spec }: CheckedPod): readonly AnyContainer[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

/** `"a", "b"`. */
export function quotedList(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

/** Each once, sorted, quoted. */
export function quotedSet(values: Iterable<string>): string {
  return quotedList([...new Set(values)].sort());
}

/** `container "a"`, `containers "a", "b"`. */
export function containersNamed(containers: readonly AnyContainer[]): string {
  return `${plural('container', containers.length)} ${quotedList(containers.map(({ name }) => name))}`;
}

/** `pod and container "a"`: who sets what may not be set. */
export function setters(isPod: boolean, containers: readonly AnyContainer[]): string {
  return [...(isPod ? ['pod'] : []), ...(containers.length > 0 ? [containersNamed(containers)] : [])].join(
    ' and ',
  );
}

/** `volume` or `volumes`. */
export function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}

/** A pod for Windows, of which nothing is asked that its hosts do not know. */
export function isWindows({ spec }: CheckedPod): boolean {
  return spec.os?.name === 'windows';
}
