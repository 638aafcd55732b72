import type { Deployment } from '#api/apps/deployment.ts';
import { isRolling, replicasOf } from '#controllers/deployment/rollout.ts';
import { resolveIntOrPercent } from '#controllers/int-or-percent.ts';

/** How far a rolling update may stray from the wanted number of pods. */
export interface RollingLimits {
  /** Pods above the wanted number. */
  readonly maxSurge: number;
  /** Pods below the wanted number that are available. */
  readonly maxUnavailable: number;
}

/**
 * The limits in pods (Kubernetes docs, "Deployments", "Rolling Update Deployment"): a percentage of surge rounds up, one of
 * unavailable pods down; where both come to 0 one pod may be unavailable, else nothing could ever move. Both are 0 for
 * the strategy Recreate, and the second is at most the number of wanted pods.
 */
export function rollingLimits(deployment: Deployment): RollingLimits {
  if (!isRolling(deployment)) return { maxSurge: 0, maxUnavailable: 0 };
  const replicas = replicasOf(deployment);
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = resolveIntOrPercent(maxSurge, { total: replicas, round: 'up' });
  const unavailable = resolveIntOrPercent(maxUnavailable, { total: replicas, round: 'down' });
  const movable = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { maxSurge: surge, maxUnavailable: Math.min(movable, replicas) };
}
