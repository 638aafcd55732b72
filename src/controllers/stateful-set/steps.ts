import type { StatefulSet } from '#api/apps/stateful-set.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { resolveIntOrPercent } from '#controllers/int-or-percent.ts';
import { isPodTerminal } from '#controllers/pod-state.ts';
import { alignClaimOwners, createClaims } from '#controllers/stateful-set/claims.ts';
import { missingIdentityLabels, podOfOrdinal } from '#controllers/stateful-set/identity.ts';
import {
  isAvailable,
  isOfRevision,
  isOrdered,
  isRolling,
  isRunning,
  isTerminating,
  partitionOf,
  type Situation,
  type Slot,
} from '#controllers/stateful-set/situation.ts';
import type { TemplateRevision } from '#controllers/template-revisions.ts';
import type { Action } from '#reconcile/controller.ts';

/**
 * What a StatefulSet does next with its pods (Kubernetes docs, "StatefulSets", "Deployment and Scaling Guarantees"): fills
 * its ordinals upwards, then removes those beyond downwards, then replaces pods of older revisions downwards. In order,
 * each step waits for the one before; in parallel, filling and removing do not.
 */
export function planPods(situation: Situation): Action[] {
  const filled = fillSlots(situation);
  if (filled.isWaiting) return filled.actions;
  const removed = removeCondemned(situation);
  if (removed.isWaiting) return [...filled.actions, ...removed.actions];
  return [...filled.actions, ...removed.actions, ...updatePods(situation)];
}

interface Step {
  readonly actions: Action[];
  /** Nothing after it may be done now. */
  readonly isWaiting: boolean;
}

function fillSlots(situation: Situation): Step {
  const actions: Action[] = [];
  for (const slot of situation.slots) {
    const step = fillSlot(situation, slot);
    actions.push(...step.actions);
    if (step.isWaiting) return { actions, isWaiting: true };
  }
  return { actions, isWaiting: false };
}

function fillSlot(situation: Situation, { ordinal, pod }: Slot): Step {
  const { set, lookup } = situation;
  const waits = isOrdered(situation);
  if (pod === undefined) return { actions: createPod(situation, ordinal), isWaiting: waits };
  if (isTerminating(pod)) return { actions: [], isWaiting: waits };
  if (isPodTerminal(pod)) return { actions: recreatePod(set, pod), isWaiting: true };
  const owners = alignClaimOwners(lookup, { set, pod, ordinal, isCondemned: false });
  const claims = pod.status?.phase === 'Running' ? [] : createClaims(lookup, { set, ordinal });
  return {
    actions: [...claims, ...labelPod(pod, ordinal), ...owners],
    isWaiting: waits && !isAvailable(situation, pod),
  };
}

function createPod(situation: Situation, ordinal: number): Action[] {
  const { set, lookup } = situation;
  const { template, name: revision } = revisionFor(situation, ordinal);
  const object = podOfOrdinal(set, { ordinal, template, revision });
  const { name } = object.metadata;
  const why = `ordinal ${ordinal} of the StatefulSet has no pod`;
  const refused = (reason: string): Action[] => {
    const message = `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${reason}`;
    return [{ type: 'event', regarding: set, eventType: 'Warning', reason: 'FailedCreate', message, why }];
  };
  const message = `create Pod ${name} in StatefulSet ${set.metadata.name} successful`;
  return [
    ...createClaims(lookup, { set, ordinal }),
    { type: 'create', resource: podResource, object, why, refused },
    { type: 'event', regarding: set, eventType: 'Normal', reason: 'SuccessfulCreate', message, why },
  ];
}

/** The revision at which a pod is made: the older one where an update has not come that far down, or is not to. */
function revisionFor({ set, current, history, ...rest }: Situation, ordinal: number): TemplateRevision {
  if (!isRolling(set)) return history.update;
  const situation = { set, current, history, ...rest };
  return ordinal < partitionOf(situation) ? current : history.update;
}

function recreatePod(set: StatefulSet, pod: Pod): Action[] {
  const { namespace, name } = pod.metadata;
  const isFailed = pod.status?.phase === 'Failed';
  const why = 'its pod ended; a StatefulSet keeps its pods running';
  const message = `StatefulSet ${namespace}/${set.metadata.name} is recreating ${isFailed ? 'failed' : 'terminated'} Pod ${name}`;
  return [
    ...deletePod(set, { pod, why }),
    {
      type: 'event',
      regarding: set,
      eventType: isFailed ? 'Warning' : 'Normal',
      reason: isFailed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod',
      message,
      why,
    },
  ];
}

function labelPod(pod: Pod, ordinal: number): Action[] {
  const labels = missingIdentityLabels(pod, ordinal);
  if (labels === undefined) return [];
  const { namespace, name } = pod.metadata;
  const why = 'single pods of a StatefulSet are selected by these labels';
  return [
    { type: 'patch', resource: podResource, name: { namespace, name }, patch: { metadata: { labels } }, why },
  ];
}

/** Highest first. In order, none is deleted while another is stopping, or while one before it is not available. */
function removeCondemned(situation: Situation): Step {
  const { set, lookup, condemned } = situation;
  const actions: Action[] = [];
  const firstUnhealthy = unhealthyPod(situation);
  for (const { ordinal, pod } of condemned) {
    if (isTerminating(pod)) {
      if (isOrdered(situation)) return { actions, isWaiting: true };
      continue;
    }
    const mayGo = isRunning(pod) || pod === firstUnhealthy;
    if (isOrdered(situation) && !mayGo) return { actions, isWaiting: true };
    const owners = alignClaimOwners(lookup, { set, pod, ordinal, isCondemned: true });
    actions.push(...owners, ...deletePod(set, { pod, why: 'the StatefulSet has fewer replicas now' }));
    if (isOrdered(situation)) return { actions, isWaiting: true };
  }
  return { actions, isWaiting: false };
}

/** The pod of the lowest ordinal that does not run well. */
function unhealthyPod({ slots, condemned }: Situation): Pod | undefined {
  const pods = [...slots, ...condemned.toReversed()].toSorted((a, b) => a.ordinal - b.ordinal);
  return pods.find(({ pod }) => pod !== undefined && (!isRunning(pod) || isTerminating(pod)))?.pod;
}

/** Replaces pods of older revisions, highest ordinal first, while no more than `maxUnavailable` are away. Those that are away anyway go too. */
function updatePods(situation: Situation): Action[] {
  const { set, slots, history } = situation;
  if (!isRolling(set)) return [];
  const isAway = ({ pod }: Slot): boolean => pod === undefined || !isAvailable(situation, pod);
  let left = maxUnavailable(set) - slots.filter(isAway).length;
  const actions: Action[] = [];
  for (const slot of slots.toReversed()) {
    const { pod, ordinal } = slot;
    if (ordinal < partitionOf(situation)) break;
    if (pod === undefined || isTerminating(pod) || isOfRevision(pod, history.update)) continue;
    if (!isAway(slot) && left <= 0) continue;
    actions.push(...deletePod(set, { pod, why: 'it is of an older revision' }));
    left -= isAway(slot) ? 0 : 1;
  }
  return actions;
}

function maxUnavailable({ spec }: StatefulSet): number {
  const { maxUnavailable: value = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
  return Math.max(1, resolveIntOrPercent(value, { total: spec.replicas ?? 1, round: 'up' }));
}

function deletePod(set: StatefulSet, { pod, why }: { pod: Pod; why: string }): Action[] {
  const { namespace, name, uid } = pod.metadata;
  const message = `delete Pod ${name} in StatefulSet ${set.metadata.name} successful`;
  return [
    { type: 'delete', resource: podResource, name: { namespace, name }, uid, why },
    { type: 'event', regarding: set, eventType: 'Normal', reason: 'SuccessfulDelete', message, why },
  ];
}
