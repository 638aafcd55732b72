import type { ReplicaSet, ReplicaSetStatus } from '#api/apps/replica-set.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { ReplicationController } from '#api/core/replication-controller.ts';
import { controllerOf, type LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
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

/** What asks for a number of pods of one template. */
type Replicated = ReplicaSet | ReplicationController;

/** How the kinds differ that ask for a number of pods. */
export interface ReplicatedKind<T extends Replicated> {
  readonly name: string;
  readonly type: ResourceType<T>;
  /** Of one object always the same selector: what is made of it is kept with it. */
  readonly selectorOf: (object: T) => LabelSelector;
}

/**
 * Keeps as many pods of a template as an object asks for: creates missing ones, deletes the least valuable of too many,
 * adopts and releases pods by its selector (Kubernetes docs, "ReplicaSet" and "ReplicationController").
 */
export function keepReplicas<T extends Replicated>(kind: ReplicatedKind<T>): Controller<T> {
  const { name, type, selectorOf } = kind;
  return {
    name,
    for: type,
    reads: [readControlledPods(type, selectorOf)],
    writes: [
      { type, verbs: ['patchStatus'] },
      { type: podResource, verbs: ['create', 'patch', 'delete'] },
    ],
    plan(snapshot, nowMs) {
      const { object: set } = snapshot;
      if (set === undefined) return [];
      const claimed = claimPods(kind, snapshot, set);
      const pods = claimed.claimed.filter(isPodActive);
      const situation: Situation<T> = { kind, snapshot, set, pods, nowMs };
      const isDeleted = set.metadata.deletionTimestamp !== undefined;
      return [
        ...claimed.actions,
        ...statusChange(type, set, {
          status: observedStatus(situation),
          why: `the observed pods of the ${type.kind} have changed`,
        }),
        ...(isDeleted ? [] : scale(situation)),
        ...requeue(situation),
      ];
    },
  };
}

interface Situation<T extends Replicated> {
  readonly kind: ReplicatedKind<T>;
  readonly snapshot: Snapshot<T>;
  readonly set: T;
  /** The active pods that it has. */
  readonly pods: readonly Pod[];
  readonly nowMs: number;
}

function claimPods<T extends Replicated>(
  { type, selectorOf }: ReplicatedKind<T>,
  snapshot: Snapshot<T>,
  set: T,
) {
  const selector = selectorOf(set);
  const namespace = set.metadata.namespace ?? '';
  return claim(
    { type, object: set, matcher: matcherOf(selector) },
    {
      type: podResource,
      owned: snapshot.list(podResource, { ownedBy: set.metadata.uid }).filter(isPodActive),
      orphans: orphanPods(snapshot, { namespace, selector }).filter(isPodActive),
    },
  );
}

function scale<T extends Replicated>(situation: Situation<T>): Action[] {
  const { set, pods } = situation;
  const missing = wantedReplicas(set) - pods.length;
  if (missing > 0) return createPods(situation, Math.min(missing, BURST_PODS_MAX));
  return missing < 0 ? deletePods(situation, Math.min(-missing, BURST_PODS_MAX)) : [];
}

function createPods<T extends Replicated>(situation: Situation<T>, count: number): Action[] {
  const { kind, snapshot, set, nowMs } = situation;
  const { template } = set.spec;
  if (template === undefined) return [];
  const namespace = set.metadata.namespace ?? '';
  const generateName = `${set.metadata.name.slice(0, 57)}-`;
  const names = generatedNames(generateName, {
    count,
    seed: `${set.metadata.uid}/${nowMs}`,
    isTaken: (name) => snapshot.get(podResource, { namespace, name }) !== undefined,
  });
  const owner = controllerReference(kind.type, set);
  const why = `the ${kind.type.kind} wants ${wantedReplicas(set)} pods and has ${situation.pods.length}`;
  return names.flatMap((name) => {
    const object = podFromTemplate(template, { namespace, name, generateName, owner });
    return createPod(set, { object, why }, (reason) => refused(situation, reason));
  });
}

/** The server will not have the pod: said in an event and in the condition ReplicaFailure, which the Deployment repeats. */
function refused<T extends Replicated>(situation: Situation<T>, reason: string): Action[] {
  const { kind, set, nowMs } = situation;
  const why = `the server refused a pod of the ${kind.type.kind}`;
  const failure = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: reason,
  } as const;
  const status = observedStatus(situation);
  const conditions = withCondition(set.status?.conditions, failure, nowMs);
  return [
    refusal(set, reason, why),
    ...statusChange(kind.type, set, { status: { ...status, conditions }, why }),
  ];
}

function deletePods<T extends Replicated>(situation: Situation<T>, count: number): Action[] {
  const { kind, set, pods, nowMs } = situation;
  const related = relatedPods(situation);
  const why = `the ${kind.type.kind} wants ${wantedReplicas(set)} pods and has ${pods.length}`;
  const chosen = inDeletionOrder(pods, { related, nowMs }).slice(0, count);
  return chosen.flatMap((pod) => deletePod(set, { pod, why }));
}

/** The active pods of this set and of the other sets of the same Deployment. */
function relatedPods<T extends Replicated>({ kind, snapshot, set }: Situation<T>): Pod[] {
  const owner = controllerOf(set);
  const sets = owner === undefined ? [set] : snapshot.list(kind.type, { ownedBy: owner.uid });
  return sets
    .flatMap(({ metadata }) => snapshot.list(podResource, { ownedBy: metadata.uid }))
    .filter(isPodActive);
}

function observedStatus<T extends Replicated>({ set, pods, nowMs }: Situation<T>): ReplicaSetStatus {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const templateLabels = Object.entries(set.spec.template?.metadata?.labels ?? {});
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
function requeue<T extends Replicated>({ set, pods, nowMs }: Situation<T>): Action[] {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  if (minReadySeconds === 0) return [];
  const waits = pods
    .map((pod) => untilAvailableMs(pod, { minReadySeconds, nowMs }))
    .filter((ms) => ms > 0 && ms < Infinity);
  if (waits.length === 0) return [];
  return [{ type: 'requeue', afterMs: Math.min(...waits), why: 'a ready pod is not available yet' }];
}

function wantedReplicas(set: Replicated): number {
  return set.spec.replicas ?? 1;
}
