import { type Deployment, type DeploymentStatus, deploymentResource } from '#api/apps/deployment.ts';
import { type ReplicaSet, replicaSetResource } from '#api/apps/replica-set.ts';
import { podResource } from '#api/core/pod.ts';
import { controllerOf, type KubeObject, objectKey } from '#api/object.ts';
import { expiredSets } from '#controllers/deployment/history.ts';
import { currentSetName, currentSetPatch, newReplicaSet } from '#controllers/deployment/new-replica-set.ts';
import {
  rolloutConditions,
  startingConditions,
  untilDeadlineMs,
  withReplicaFailure,
} from '#controllers/deployment/progress.ts';
import { isScaled, scaleStep } from '#controllers/deployment/proportional-scaling.ts';
import { oldSetsToEmpty, runsOldPods } from '#controllers/deployment/recreate.ts';
import { nextRevision, REVISION, revisionOf, sizeAnnotations } from '#controllers/deployment/revision.ts';
import { type Resize, rollingUpdateStep } from '#controllers/deployment/rolling-update.ts';
import { isRolling, type Rollout, replicasOf, rolloutOf, sizeOf } from '#controllers/deployment/rollout.ts';
import { isComplete, observedStatus } from '#controllers/deployment/status.ts';
import { claim } from '#controllers/ownership.ts';
import { matcherOf } from '#controllers/selector-matcher.ts';
import { statusChange } from '#controllers/status-change.ts';
import {
  type Action,
  type Controller,
  type Lookup,
  ownerOfKind,
  read,
  type Snapshot,
} from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';

const setsByLabel = labelIndex(replicaSetResource);

/**
 * Rolls the pods of a Deployment from template to template by ReplicaSets, one for each template (Kubernetes docs,
 * "Deployments"). One plan makes one step; the next follows when the ReplicaSets have moved.
 */
export const deploymentController: Controller<Deployment> = {
  name: 'deployment-controller',
  for: deploymentResource,
  reads: [
    read(replicaSetResource, concernedDeployments),
    // Recreate waits for the last old pod, which the ReplicaSets do not count while it is being deleted.
    read(podResource, (pod, lookup) => deploymentOfPod(pod, lookup)),
  ],
  writes: [
    { type: deploymentResource, verbs: ['patch', 'patchStatus'] },
    { type: replicaSetResource, verbs: ['create', 'patch', 'delete'] },
  ],
  plan(snapshot, nowMs) {
    const { object: deployment } = snapshot;
    if (deployment === undefined) return [];
    const { claimed, actions } = claimSets(snapshot, deployment);
    const rollout = rolloutOf(deployment, claimed, nowMs);
    if (deployment.metadata.deletionTimestamp !== undefined)
      return [...actions, ...writeStatus(rollout, { rolls: false })];
    return [...actions, ...planRollout(snapshot, rollout)];
  },
};

function claimSets(snapshot: Snapshot<Deployment>, deployment: Deployment) {
  const matcher = matcherOf(deployment.spec.selector);
  const matching = selectObjects(snapshot, setsByLabel, {
    namespace: deployment.metadata.namespace ?? '',
    matcher,
  });
  return claim(
    { type: deploymentResource, object: deployment, matcher },
    {
      type: replicaSetResource,
      owned: snapshot.list(replicaSetResource, { ownedBy: deployment.metadata.uid }),
      orphans: matching.filter((set) => controllerOf(set) === undefined),
    },
  );
}

function planRollout(snapshot: Snapshot<Deployment>, rollout: Rollout): Action[] {
  const { deployment } = rollout;
  const alignment = alignCurrentSet(rollout);
  if (alignment.length > 0) return [...alignment, ...writeStatus(rollout, { rolls: true })];
  const isPaused = deployment.spec.paused === true;
  const scaling =
    isPaused || isScaled(rollout) ? scaleStep(rollout).flatMap((resize) => resizeSet(rollout, resize)) : [];
  if (isPaused || scaling.length > 0) {
    return [
      ...scaling,
      ...(isPaused ? deleteExpired(rollout) : []),
      ...writeStatus(rollout, { rolls: false }),
    ];
  }
  return isRolling(deployment) ? planRolling(snapshot, rollout) : planRecreate(snapshot, rollout);
}

function planRolling(snapshot: Snapshot<Deployment>, rollout: Rollout): Action[] {
  if (rollout.current === undefined) return createSet(snapshot, rollout);
  return [
    ...rollingUpdateStep(rollout).flatMap((resize) => resizeSet(rollout, resize)),
    ...finishRollout(rollout),
  ];
}

function planRecreate(snapshot: Snapshot<Deployment>, rollout: Rollout): Action[] {
  const { deployment, current, old } = rollout;
  const toEmpty = oldSetsToEmpty(rollout);
  const podsOf = (set: ReplicaSet) => snapshot.list(podResource, { ownedBy: set.metadata.uid });
  if (toEmpty.length > 0 || runsOldPods(old, podsOf)) {
    return [
      ...toEmpty.flatMap((resize) => resizeSet(rollout, resize)),
      ...writeStatus(rollout, { rolls: true }),
    ];
  }
  if (current === undefined) return createSet(snapshot, rollout);
  return [
    ...resizeSet(rollout, { set: current, replicas: replicasOf(deployment) }),
    ...finishRollout(rollout),
  ];
}

function finishRollout(rollout: Rollout): Action[] {
  const isDone = isComplete(rollout, rollout.deployment.status ?? {});
  return [...(isDone ? deleteExpired(rollout) : []), ...writeStatus(rollout, { rolls: true })];
}

/** Makes the set of the present template; where its name is taken by something else, counts a collision, which changes the name. */
function createSet(snapshot: Snapshot<Deployment>, rollout: Rollout): Action[] {
  const { deployment } = rollout;
  const name = currentSetName(deployment);
  const { namespace } = deployment.metadata;
  if (snapshot.get(replicaSetResource, { namespace, name }) !== undefined) {
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    const why = `the name ${name} is taken by a ReplicaSet of another template or owner`;
    return statusChange(deploymentResource, deployment, {
      status: { ...deployment.status, collisionCount },
      why,
    });
  }
  const object = newReplicaSet(rollout);
  const why = 'no ReplicaSet has the present template of the Deployment';
  const message = `Scaled up replica set ${name} to ${object.spec.replicas} from 0`;
  const refused = (reason: string): Action[] => {
    const text = `Failed to create new replica set "${name}": ${reason}`;
    return [
      {
        type: 'event',
        regarding: deployment,
        eventType: 'Warning',
        reason: 'ReplicaSetCreateError',
        message: text,
        why,
      },
    ];
  };
  return [
    { type: 'create', resource: replicaSetResource, object, why, refused },
    ...(object.spec.replicas === 0
      ? []
      : [
          {
            type: 'event',
            regarding: deployment,
            eventType: 'Normal',
            reason: 'ScalingReplicaSet',
            message,
            why,
          } as const,
        ]),
    ...annotateRevision(deployment, nextRevision(rollout.old)),
    ...writeStatus(rollout, { rolls: true, createdSet: name }),
  ];
}

/** The current set carries the Deployment's annotations and the highest revision, and the Deployment that revision. */
function alignCurrentSet(rollout: Rollout): Action[] {
  const { deployment, current } = rollout;
  if (current === undefined) return [];
  const patch = currentSetPatch(rollout);
  const [next, own] = [nextRevision(rollout.old), revisionOf(current)];
  const why = 'the current ReplicaSet is to follow its Deployment';
  const name = { namespace: current.metadata.namespace, name: current.metadata.name };
  return [
    ...(patch === undefined
      ? []
      : [{ type: 'patch', resource: replicaSetResource, name, patch, why } as const]),
    ...annotateRevision(deployment, next > own ? next : own),
  ];
}

function annotateRevision(deployment: Deployment, revision: bigint): Action[] {
  const { namespace, name, annotations } = deployment.metadata;
  if (annotations?.[REVISION] === String(revision)) return [];
  const patch = { metadata: { annotations: { [REVISION]: String(revision) } } };
  const why = `the template of the Deployment is revision ${revision}`;
  return [{ type: 'patch', resource: deploymentResource, name: { namespace, name }, patch, why }];
}

function resizeSet({ deployment }: Rollout, { set, replicas }: Resize): Action[] {
  const before = sizeOf(set);
  const annotations = sizeAnnotations(deployment);
  const isAnnotated = Object.entries(annotations).every(
    ([key, value]) => set.metadata.annotations?.[key] === value,
  );
  if (before === replicas && isAnnotated) return [];
  const { namespace, name, resourceVersion } = set.metadata;
  const direction = replicas > before ? 'up' : 'down';
  const why = `the rollout of ${deployment.metadata.name} calls for ${replicas} pods of this revision`;
  const message = `Scaled ${direction} replica set ${name} to ${replicas} from ${before}`;
  const patch = { metadata: { resourceVersion, annotations }, spec: { replicas } };
  return [
    { type: 'patch', resource: replicaSetResource, name: { namespace, name }, patch, why },
    ...(before === replicas
      ? []
      : [
          {
            type: 'event',
            regarding: deployment,
            eventType: 'Normal',
            reason: 'ScalingReplicaSet',
            message,
            why,
          } as const,
        ]),
  ];
}

function deleteExpired(rollout: Rollout): Action[] {
  return expiredSets(rollout).map(({ metadata: { namespace, name, uid } }) => ({
    type: 'delete',
    resource: replicaSetResource,
    name: { namespace, name },
    uid,
    why: 'its revision is older than revisionHistoryLimit keeps',
  }));
}

function writeStatus(
  rollout: Rollout,
  { rolls, createdSet }: { rolls: boolean; createdSet?: string },
): Action[] {
  const { deployment } = rollout;
  const counted = observedStatus(rollout, startingConditions(rollout, { createdSet }));
  const isFollowed = rolls && createdSet === undefined;
  const conditions = withReplicaFailure(
    rollout,
    isFollowed ? rolloutConditions(rollout, counted) : (counted.conditions ?? []),
  );
  const status: DeploymentStatus = { ...counted, conditions };
  const untilMs = rolls ? untilDeadlineMs(rollout, status) : undefined;
  return [
    ...statusChange(deploymentResource, deployment, {
      status,
      why: 'the ReplicaSets of the Deployment have moved',
    }),
    ...(untilMs === undefined
      ? []
      : [{ type: 'requeue', afterMs: untilMs, why: 'the rollout has a deadline' } as const]),
  ];
}

function concernedDeployments(set: ReplicaSet, lookup: Lookup): readonly string[] {
  if (controllerOf(set) !== undefined) return ownerOfKind('Deployment')(set);
  const candidates = lookup.list(deploymentResource, { namespace: set.metadata.namespace });
  return candidates
    .filter(({ spec }) => matcherOf(spec.selector).matches(set.metadata.labels))
    .map(objectKey);
}

/** Only of a Deployment that recreates: the others follow the status of their ReplicaSets. */
function deploymentOfPod(pod: KubeObject, lookup: Lookup): readonly string[] {
  const owner = controllerOf(pod);
  if (owner?.kind !== 'ReplicaSet') return [];
  const set = lookup.get(replicaSetResource, { namespace: pod.metadata.namespace, name: owner.name });
  const [key] = set === undefined ? [] : ownerOfKind('Deployment')(set);
  const name = controllerOf(set ?? pod)?.name ?? '';
  const deployment = lookup.get(deploymentResource, { namespace: pod.metadata.namespace, name });
  return key === undefined || deployment === undefined || isRolling(deployment) ? [] : [key];
}
