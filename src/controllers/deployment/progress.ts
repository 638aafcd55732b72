import type { DeploymentCondition, DeploymentStatus } from '#api/apps/deployment.ts';
import { findCondition, withoutCondition } from '#controllers/condition-list.ts';
import { type Rollout, setsOf } from '#controllers/deployment/rollout.ts';
import { changedCondition, isComplete } from '#controllers/deployment/status.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

/** The reasons of the condition Progressing; `kubectl rollout status` and pipelines read them. */
const REASONS = {
  created: 'NewReplicaSetCreated',
  found: 'FoundNewReplicaSet',
  updated: 'ReplicaSetUpdated',
  complete: 'NewReplicaSetAvailable',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
} as const;

/** A deadline of this many seconds (the largest int32) is none. */
const NO_DEADLINE_SECONDS = 2_147_483_647;

/** A margin after the deadline, in milliseconds, so that the plan at that time finds it passed. */
const DEADLINE_MARGIN_MS = 1000;

/** The deadline in seconds; undefined where the Deployment has none, and then no condition Progressing either. */
export function progressDeadlineSeconds({ deployment }: Rollout): number | undefined {
  const { progressDeadlineSeconds: seconds = 600 } = deployment.spec;
  return seconds === NO_DEADLINE_SECONDS ? undefined : seconds;
}

/** The conditions before the rollout is looked at: whether it is paused, and which set it found or is about to make. */
export function startingConditions(
  rollout: Rollout,
  { createdSet }: { createdSet: string | undefined },
): DeploymentCondition[] {
  const conditions = rollout.deployment.status?.conditions ?? [];
  if (progressDeadlineSeconds(rollout) === undefined)
    return withoutCondition(conditions, 'Progressing') ?? [];
  const paused = pausedConditions(rollout, conditions);
  if (createdSet !== undefined) {
    const message = `Created new replica set "${createdSet}"`;
    return progressing(paused, { status: 'True', reason: REASONS.created, message }, rollout);
  }
  if (rollout.current === undefined || findCondition(paused, 'Progressing') !== undefined) return paused;
  const message = `Found new replica set "${rollout.current.metadata.name}"`;
  return progressing(paused, { status: 'True', reason: REASONS.found, message }, rollout);
}

function pausedConditions(
  rollout: Rollout,
  conditions: readonly DeploymentCondition[],
): DeploymentCondition[] {
  const isPaused = rollout.deployment.spec.paused === true;
  const reason = findCondition(conditions, 'Progressing')?.reason;
  if (reason === REASONS.timedOut || isPaused === (reason === REASONS.paused)) return [...conditions];
  return isPaused
    ? progressing(
        conditions,
        { status: 'Unknown', reason: REASONS.paused, message: 'Deployment is paused' },
        rollout,
      )
    : progressing(
        conditions,
        { status: 'Unknown', reason: REASONS.resumed, message: 'Deployment is resumed' },
        rollout,
      );
}

/**
 * The conditions with how far the rollout is: arrived, moving (each step starts the deadline again), or stuck for longer
 * than its deadline (Kubernetes docs, "Deployments", "Deployment status"). `status` holds the counts as of now.
 */
export function rolloutConditions(rollout: Rollout, status: DeploymentStatus): DeploymentCondition[] {
  const conditions = status.conditions ?? [];
  const deadlineSeconds = progressDeadlineSeconds(rollout);
  if (deadlineSeconds === undefined) return [...conditions];
  const before = findCondition(rollout.deployment.status?.conditions, 'Progressing');
  const hasArrived =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && before?.reason === REASONS.complete;
  if (hasArrived) return [...conditions];
  const subject = subjectOf(rollout);
  if (isComplete(rollout, status)) {
    const message = `${subject} has successfully progressed.`;
    return progressing(conditions, { status: 'True', reason: REASONS.complete, message }, rollout);
  }
  if (hasMoved(rollout.deployment.status ?? {}, status)) {
    const message = `${subject} is progressing.`;
    return restarted(
      progressing(conditions, { status: 'True', reason: REASONS.updated, message }, rollout),
      rollout,
    );
  }
  if (isTimedOut(conditions, { deadlineSeconds, nowMs: rollout.nowMs })) {
    const message = `${subject} has timed out progressing.`;
    return progressing(conditions, { status: 'False', reason: REASONS.timedOut, message }, rollout);
  }
  return [...conditions];
}

/** How long until the deadline passes if nothing moves; undefined where there is nothing to wait for. */
export function untilDeadlineMs(rollout: Rollout, status: DeploymentStatus): number | undefined {
  const deadlineSeconds = progressDeadlineSeconds(rollout);
  const condition = findCondition(status.conditions, 'Progressing');
  if (deadlineSeconds === undefined || condition === undefined || rollout.deployment.spec.paused === true)
    return undefined;
  if (isComplete(rollout, status) || condition.reason === REASONS.timedOut) return undefined;
  const sinceMs = parseTimestamp(condition.lastUpdateTime) ?? rollout.nowMs;
  return Math.max(0, sinceMs + deadlineSeconds * 1000 - rollout.nowMs) + DEADLINE_MARGIN_MS;
}

/** ReplicaFailure, where a set cannot make its pods: that of the current set before others. */
export function withReplicaFailure(
  rollout: Rollout,
  conditions: readonly DeploymentCondition[],
): DeploymentCondition[] {
  const failures = setsOf(rollout)
    .toReversed()
    .flatMap((set) => findCondition(set.status?.conditions, 'ReplicaFailure') ?? []);
  const failure = failures.find((condition) => condition.status === 'True');
  if (failure === undefined) return withoutCondition(conditions, 'ReplicaFailure') ?? [];
  const { status, reason = '', message = '' } = failure;
  return changedCondition(conditions, { type: 'ReplicaFailure', status, reason, message }, rollout.nowMs);
}

function subjectOf({ deployment, current }: Rollout): string {
  return current === undefined
    ? `Deployment "${deployment.metadata.name}"`
    : `ReplicaSet "${current.metadata.name}"`;
}

/** More updated, ready or available pods than before, or fewer old ones. */
function hasMoved(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const oldPods = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number =>
    replicas - updatedReplicas;
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldPods(now) < oldPods(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isTimedOut(
  conditions: readonly DeploymentCondition[],
  { deadlineSeconds, nowMs }: { deadlineSeconds: number; nowMs: number },
): boolean {
  const condition = findCondition(conditions, 'Progressing');
  if (condition === undefined || condition.reason === REASONS.complete) return false;
  if (condition.reason === REASONS.timedOut) return true;
  const sinceMs = parseTimestamp(condition.lastUpdateTime) ?? nowMs;
  return sinceMs + deadlineSeconds * 1000 < nowMs;
}

/** The same condition with its deadline starting again now. */
function restarted(conditions: readonly DeploymentCondition[], { nowMs }: Rollout): DeploymentCondition[] {
  return conditions.map((each) =>
    each.type === 'Progressing' ? { ...each, lastUpdateTime: timestamp(nowMs) } : each,
  );
}

function progressing(
  conditions: readonly DeploymentCondition[],
  wanted: { status: 'True' | 'False' | 'Unknown'; reason: string; message: string },
  { nowMs }: Rollout,
): DeploymentCondition[] {
  return changedCondition(conditions, { type: 'Progressing', ...wanted }, nowMs);
}
