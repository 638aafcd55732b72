import type { DeploymentCondition, DeploymentStatus } from '#api/apps/deployment.ts';
import { withCondition } from '#controllers/condition-list.ts';
import { rollingLimits } from '#controllers/deployment/rolling-limits.ts';
import {
  availableOf,
  type Rollout,
  replicasOf,
  setsOf,
  sizeOf,
  total,
} from '#controllers/deployment/rollout.ts';
import { presentFields } from '#controllers/status-change.ts';
import { timestamp } from '#system/clock.ts';

/** A Deployment's counts and whether enough of it is available, as of its sets. */
export function observedStatus(
  rollout: Rollout,
  conditions: readonly DeploymentCondition[],
): DeploymentStatus {
  const { deployment, current } = rollout;
  const sets = setsOf(rollout);
  const available = total(sets, availableOf);
  return presentFields<DeploymentStatus>({
    observedGeneration: deployment.metadata.generation,
    replicas: total(sets, (set) => set.status?.replicas ?? 0),
    updatedReplicas: current?.status?.replicas,
    readyReplicas: total(sets, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total(sets, sizeOf) - available),
    collisionCount: deployment.status?.collisionCount,
    conditions: withAvailability(conditions, { rollout, available }),
  });
}

/** Whether the rollout has arrived: as many pods as wanted, all of the present template, all available, none else. */
export function isComplete({ deployment }: Rollout, status: DeploymentStatus): boolean {
  const replicas = replicasOf(deployment);
  const { updatedReplicas = 0, replicas: all = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  return (
    updatedReplicas === replicas &&
    all === replicas &&
    availableReplicas === replicas &&
    observedGeneration >= (deployment.metadata.generation ?? 0)
  );
}

/** A condition as of now: both of its times move when it changes at all, `lastTransitionTime` only with the status. */
export function changedCondition(
  conditions: readonly DeploymentCondition[],
  wanted: { type: string; status: 'True' | 'False' | 'Unknown'; reason: string; message: string },
  nowMs: number,
): DeploymentCondition[] {
  return withCondition(conditions, { ...wanted, lastUpdateTime: timestamp(nowMs) }, nowMs);
}

function withAvailability(
  conditions: readonly DeploymentCondition[],
  { rollout, available }: { rollout: Rollout; available: number },
): DeploymentCondition[] {
  const { deployment, nowMs } = rollout;
  const isAvailable = available >= replicasOf(deployment) - rollingLimits(deployment).maxUnavailable;
  const wanted = isAvailable
    ? ({
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      } as const)
    : ({
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      } as const);
  return changedCondition(conditions, { type: 'Available', ...wanted }, nowMs);
}
