import { type ReplicaSet, type ReplicaSetStatus, replicaSetResource } from '#api/apps/replica-set.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { controllerOf } from '#api/object.ts';
import { withCondition, withoutCondition } from '#controllers/condition-list.ts';
import { generatedNames } from '#controllers/name-suffix.ts';
import { claim, controllerReference } from '#controllers/ownership.ts';
import { createPod, deletePod, refusal } from '#controllers/pod-actions.ts';
import { inDeletionOrder } from '#controllers/pod-deletion-order.ts';
import { podFromTemplate } from '#controllers/pod-from-template.ts';
import { isPodActive, isPodAvailable, isPodReady, untilAvailableMs } from '#controllers/pod-state.ts';
import { orphanPods, readControlledPods } from '#controllers/pods-of-selector.ts';
import { matcherOf } from '#controllers/selector-matcher.ts';
import { presentFields, statusChange } from '#controllers/status-change.ts';
import type { Action, Controller, Snapshot } from '#reconcile/controller.ts';

/** Most pods that one plan creates or deletes; the next plan goes on. */
const BURST_PODS_MAX = 500;

/**
 * Keeps as many pods of a template as a ReplicaSet asks for: creates missing ones, deletes the least valuable of too many,
 * adopts and releases pods by its selector (Kubernetes docs, "ReplicaSet").
 */
export const replicaSetController: Controller<ReplicaSet> = {
  name: 'replicaset-controller',
  for: replicaSetResource,
  reads: [readControlledPods(replicaSetResource, ({ spec }) => spec.selector)],
  writes: [
    { type: replicaSetResource, verbs: ['patchStatus'] },
    { type: podResource, verbs: ['create', 'patch', 'delete'] },
  ],
  plan(snapshot, nowMs) {
    const { object: set } = snapshot;
    if (set === undefined) return [];
    const claimed = claimPods(snapshot, set);
    const pods = claimed.claimed.filter(isPodActive);
    const situation: Situation = { snapshot, set, pods, nowMs };
    const isDeleted = set.metadata.deletionTimestamp !== undefined;
    return [
      ...claimed.actions,
      ...statusChange(replicaSetResource, set, {
        status: observedStatus(situation),
        why: 'the observed pods of the ReplicaSet have changed',
      }),
      ...(isDeleted ? [] : scale(situation)),
      ...requeue(situation),
    ];
  },
};

interface Situation {
  readonly snapshot: Snapshot<ReplicaSet>;
  readonly set: ReplicaSet;
  /** The active pods that it has. */
  readonly pods: readonly Pod[];
  readonly nowMs: number;
}

function claimPods(snapshot: Snapshot<ReplicaSet>, set: ReplicaSet) {
  const { selector } = set.spec;
  const namespace = set.metadata.namespace ?? '';
  return claim(
    { type: replicaSetResource, object: set, matcher: matcherOf(selector) },
    {
      type: podResource,
      owned: snapshot.list(podResource, { ownedBy: set.metadata.uid }).filter(isPodActive),
      orphans: orphanPods(snapshot, { namespace, selector }).filter(isPodActive),
    },
  );
}

function scale(situation: Situation): Action[] {
  const { set, pods } = situation;
  const missing = wantedReplicas(set) - pods.length;
  if (missing > 0) return createPods(situation, Math.min(missing, BURST_PODS_MAX));
  return missing < 0 ? deletePods(situation, Math.min(-missing, BURST_PODS_MAX)) : [];
}

function createPods(situation: Situation, count: number): Action[] {
  const { snapshot, set, nowMs } = situation;
  const namespace = set.metadata.namespace ?? '';
  const generateName = `${set.metadata.name.slice(0, 57)}-`;
  const names = generatedNames(generateName, {
    count,
    seed: `${set.metadata.uid}/${nowMs}`,
    isTaken: (name) => snapshot.get(podResource, { namespace, name }) !== undefined,
  });
  const owner = controllerReference(replicaSetResource, set);
  const why = `the ReplicaSet wants ${wantedReplicas(set)} pods and has ${situation.pods.length}`;
  return names.flatMap((name) => {
    const object = podFromTemplate(set.spec.template, { namespace, name, generateName, owner });
    return createPod(set, { object, why }, (reason) => refused(situation, reason));
  });
}

/** The server will not have the pod: said in an event and in the condition ReplicaFailure, which the Deployment repeats. */
function refused({ set, pods, nowMs, snapshot }: Situation, reason: string): Action[] {
  const why = 'the server refused a pod of the ReplicaSet';
  const failure = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: reason,
  } as const;
  const status = observedStatus({ set, pods, nowMs, snapshot });
  const conditions = withCondition(set.status?.conditions, failure, nowMs);
  return [
    refusal(set, reason, why),
    ...statusChange(replicaSetResource, set, { status: { ...status, conditions }, why }),
  ];
}

function deletePods({ snapshot, set, pods, nowMs }: Situation, count: number): Action[] {
  const related = relatedPods(snapshot, set);
  const why = `the ReplicaSet wants ${wantedReplicas(set)} pods and has ${pods.length}`;
  const chosen = inDeletionOrder(pods, { related, nowMs }).slice(0, count);
  return chosen.flatMap((pod) => deletePod(set, { pod, why }));
}

/** The active pods of this set and of the other sets of the same Deployment. */
function relatedPods(snapshot: Snapshot<ReplicaSet>, set: ReplicaSet): Pod[] {
  const owner = controllerOf(set);
  const sets = owner === undefined ? [set] : snapshot.list(replicaSetResource, { ownedBy: owner.uid });
  return sets
    .flatMap(({ metadata }) => snapshot.list(podResource, { ownedBy: metadata.uid }))
    .filter(isPodActive);
}

function observedStatus({ set, pods, nowMs }: Situation): ReplicaSetStatus {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const templateLabels = Object.entries(set.spec.template.metadata?.labels ?? {});
  const isFullyLabeled = ({ metadata }: Pod): boolean =>
    templateLabels.every(([key, value]) => metadata.labels?.[key] === value);
  const isAtSize = pods.length >= wantedReplicas(set);
  const { conditions } = set.status ?? {};
  return {
    replicas: pods.length,
    ...presentFields<ReplicaSetStatus>({
      fullyLabeledReplicas: pods.filter(isFullyLabeled).length,
      readyReplicas: pods.filter(isPodReady).length,
      availableReplicas: pods.filter((pod) => isPodAvailable(pod, { minReadySeconds, nowMs })).length,
      observedGeneration: set.metadata.generation,
      conditions: isAtSize ? withoutCondition(conditions, 'ReplicaFailure') : conditions,
    }),
  };
}

/** A ready pod becomes available by the passing of time alone. */
function requeue({ set, pods, nowMs }: Situation): Action[] {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  if (minReadySeconds === 0) return [];
  const waits = pods
    .map((pod) => untilAvailableMs(pod, { minReadySeconds, nowMs }))
    .filter((ms) => ms > 0 && ms < Infinity);
  if (waits.length === 0) return [];
  return [{ type: 'requeue', afterMs: Math.min(...waits), why: 'a ready pod is not available yet' }];
}

function wantedReplicas(set: ReplicaSet): number {
  return set.spec.replicas ?? 1;
}
