import type { Deployment } from '#api/apps/deployment.ts';
import type { ReplicaSet } from '#api/apps/replica-set.ts';
import {
  byRevision,
  countAnnotation,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
} from '#controllers/deployment/revision.ts';
import { rollingLimits } from '#controllers/deployment/rolling-limits.ts';
import type { Resize } from '#controllers/deployment/rolling-update.ts';
import {
  availableOf,
  isRolling,
  type Rollout,
  replicasOf,
  setsOf,
  sizeOf,
  total,
} from '#controllers/deployment/rollout.ts';

/** Whether the Deployment was scaled since its sets were sized: that comes before any rolling. */
export function isScaled(rollout: Rollout): boolean {
  const replicas = replicasOf(rollout.deployment);
  return setsOf(rollout).some((set) => {
    const desired = countAnnotation(set, DESIRED_REPLICAS);
    return sizeOf(set) > 0 && desired !== undefined && desired !== replicas;
  });
}

/**
 * Sizes the sets of a Deployment that was scaled, or is paused, without rolling it on. A single set takes the number as it
 * is; in the middle of a rollout the change is shared out in proportion to their sizes, so that the risk is (Kubernetes docs,
 * "Deployments", "Proportional scaling"). Sets whose size stays are returned too: they get new size annotations.
 */
export function scaleStep(rollout: Rollout): Resize[] {
  const { deployment, current, old } = rollout;
  const replicas = replicasOf(deployment);
  const single = singleSet(rollout);
  if (single !== undefined) return [{ set: single, replicas }];
  if (current !== undefined && isSaturated(deployment, current)) {
    return old.filter((set) => sizeOf(set) > 0).map((set) => ({ set, replicas: 0 }));
  }
  return isRolling(deployment) ? shareOut(rollout) : [];
}

/** The only set with pods; where none has any, the current one or else the newest. */
function singleSet(rollout: Rollout): ReplicaSet | undefined {
  const { current, old } = rollout;
  const active = setsOf(rollout).filter((set) => sizeOf(set) > 0);
  if (active.length > 1) return undefined;
  return active[0] ?? current ?? old.toSorted(byRevision).at(-1);
}

function isSaturated(deployment: Deployment, current: ReplicaSet): boolean {
  const replicas = replicasOf(deployment);
  const desired = countAnnotation(current, DESIRED_REPLICAS);
  return sizeOf(current) === replicas && desired === replicas && availableOf(current) === replicas;
}

/** Largest sets first; what rounding leaves over goes to the first of them. */
function shareOut(rollout: Rollout): Resize[] {
  const { deployment } = rollout;
  const replicas = replicasOf(deployment);
  const active = setsOf(rollout).filter((set) => sizeOf(set) > 0);
  const allowed = replicas > 0 ? replicas + rollingLimits(deployment).maxSurge : 0;
  const toAdd = allowed - total(active, sizeOf);
  const ordered = active.toSorted((a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? 1 : -1) * compareAge(b, a));
  let added = 0;
  const resizes = ordered.map((set) => {
    const share = toAdd === 0 ? 0 : shareOf(set, { deployment, left: toAdd - added });
    added += share;
    return { set, replicas: sizeOf(set) + share };
  });
  return resizes.map((resize, index) => {
    const leftover = index === 0 ? toAdd - added : 0;
    return { ...resize, replicas: Math.max(0, resize.replicas + leftover) };
  });
}

/** The part of a change that falls to a set, of what is left of it: negative where pods are taken away. */
function shareOf(set: ReplicaSet, { deployment, left }: { deployment: Deployment; left: number }): number {
  const replicas = replicasOf(deployment);
  if (left === 0) return 0;
  const fraction = replicas === 0 ? -sizeOf(set) : fractionOf(set, deployment);
  return left > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

function fractionOf(set: ReplicaSet, deployment: Deployment): number {
  const before = countAnnotation(set, MAX_REPLICAS) ?? deployment.status?.replicas ?? 0;
  if (before === 0) return 0;
  const after = replicasOf(deployment) + rollingLimits(deployment).maxSurge;
  return Math.round((sizeOf(set) * after) / before) - sizeOf(set);
}

/** Negative where `a` is older. */
function compareAge(a: ReplicaSet, b: ReplicaSet): number {
  if (a.metadata.creationTimestamp !== b.metadata.creationTimestamp) {
    return a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1;
  }
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
