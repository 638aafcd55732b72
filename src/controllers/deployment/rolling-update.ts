import type { ReplicaSet } from '#api/apps/replica-set.ts';
import { rollingLimits } from '#controllers/deployment/rolling-limits.ts';
import {
  availableOf,
  isRolling,
  type Rollout,
  replicasOf,
  setsOf,
  sizeOf,
  total,
} from '#controllers/deployment/rollout.ts';

/** A ReplicaSet that is to get another size. */
export interface Resize {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

/** One step of a rolling update: the current set up as far as the surge allows, else old sets down as availability allows. */
export function rollingUpdateStep(rollout: Rollout): Resize[] {
  const up = resizeCurrent(rollout);
  return up.length > 0 ? up : shrinkOld(rollout);
}

/** The size that the current set may have now: a new one (`undefined` as yet) or the existing one. */
export function currentSize(rollout: Rollout): number {
  const { deployment, current } = rollout;
  const replicas = replicasOf(deployment);
  if (!isRolling(deployment)) return replicas;
  const size = sizeOf(current);
  const room = replicas + rollingLimits(deployment).maxSurge - total(setsOf(rollout), sizeOf);
  return room <= 0 ? size : size + Math.min(room, replicas - size);
}

function resizeCurrent(rollout: Rollout): Resize[] {
  const { deployment, current } = rollout;
  if (current === undefined) return [];
  const replicas = replicasOf(deployment);
  const wanted = sizeOf(current) > replicas ? replicas : currentSize(rollout);
  return wanted === sizeOf(current) ? [] : [{ set: current, replicas: wanted }];
}

/**
 * First old pods that are not available go, since they serve nobody; then as many available ones as leave the minimum
 * standing. Pods of the current set that are not available yet count against the number that may go.
 */
function shrinkOld(rollout: Rollout): Resize[] {
  const { deployment, current, old } = rollout;
  const sets = setsOf(rollout);
  const minAvailable = replicasOf(deployment) - rollingLimits(deployment).maxUnavailable;
  const currentUnavailable = current === undefined ? 0 : sizeOf(current) - availableOf(current);
  const removable = total(sets, sizeOf) - minAvailable - currentUnavailable;
  if (removable <= 0) return [];
  const sizes = new Map(old.map((set) => [set, sizeOf(set)]));
  takeFrom(sizes, removable, (set, size) => size - availableOf(set));
  const spare = total(sets, availableOf) - minAvailable;
  takeFrom(sizes, spare, (_set, size) => size);
  return old.flatMap((set) => {
    const replicas = sizes.get(set) ?? 0;
    return replicas === sizeOf(set) ? [] : [{ set, replicas }];
  });
}

/** Takes up to `count` off the sizes, oldest set first, from each at most what `removable` says. */
function takeFrom(
  sizes: Map<ReplicaSet, number>,
  count: number,
  removable: (set: ReplicaSet, size: number) => number,
): void {
  let left = count;
  for (const [set, size] of sizes) {
    const taken = Math.max(0, Math.min(left, size, removable(set, size)));
    sizes.set(set, size - taken);
    left -= taken;
  }
}
