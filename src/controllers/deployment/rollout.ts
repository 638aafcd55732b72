import type { Deployment } from '#api/apps/deployment.ts';
import type { ReplicaSet } from '#api/apps/replica-set.ts';
import { equalTemplates } from '#controllers/template-hash.ts';

/** A Deployment with its ReplicaSets, as of now. */
export interface Rollout {
  readonly deployment: Deployment;
  /** The set of the Deployment's present template; undefined until there is one. */
  readonly current: ReplicaSet | undefined;
  /** The sets of other templates, oldest first. */
  readonly old: readonly ReplicaSet[];
  readonly nowMs: number;
}

/** Sorts a Deployment's ReplicaSets out. Of several with its template the oldest is the current one, as upstream has it. */
export function rolloutOf(deployment: Deployment, sets: readonly ReplicaSet[], nowMs: number): Rollout {
  const ordered = sets.toSorted(byAge);
  const current = ordered.find((set) => equalTemplates(set.spec.template, deployment.spec.template));
  return { deployment, current, old: ordered.filter((set) => set !== current), nowMs };
}

/** All sets of a rollout, the current one last. */
export function setsOf({ current, old }: Rollout): ReplicaSet[] {
  return current === undefined ? [...old] : [...old, current];
}

/** How many pods a Deployment is to have. */
export function replicasOf({ spec }: Deployment): number {
  return spec.replicas ?? 1;
}

/** How many pods a ReplicaSet is to have. */
export function sizeOf(set: ReplicaSet | undefined): number {
  return set === undefined ? 0 : (set.spec.replicas ?? 1);
}

export function availableOf(set: ReplicaSet): number {
  return set.status?.availableReplicas ?? 0;
}

/** The sum of a number over sets. */
export function total(sets: readonly ReplicaSet[], value: (set: ReplicaSet) => number): number {
  return sets.reduce((sum, set) => sum + value(set), 0);
}

/** Whether a Deployment is updated by steps; otherwise all old pods go before new ones come. */
export function isRolling({ spec }: Deployment): boolean {
  return (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [x, y] = [a.metadata, b.metadata];
  if (x.creationTimestamp !== y.creationTimestamp) return x.creationTimestamp < y.creationTimestamp ? -1 : 1;
  return x.name < y.name ? -1 : 1;
}
