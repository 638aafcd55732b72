import type { StatefulSet } from '#api/apps/stateful-set.ts';
import type { Pod } from '#api/core/pod.ts';
import { isPodAvailable, isPodReady } from '#controllers/pod-state.ts';
import { ordinalOf, ordinalRange } from '#controllers/stateful-set/identity.ts';
import {
  REVISION_LABEL,
  type TemplateHistory,
  type TemplateRevision,
} from '#controllers/template-revisions.ts';
import type { Lookup } from '#reconcile/controller.ts';

/** A StatefulSet with its pods, as of now. */
export interface Situation {
  readonly lookup: Lookup;
  readonly set: StatefulSet;
  /** Every ordinal that the set is to have, lowest first, with its pod where there is one. */
  readonly slots: readonly Slot[];
  /** Pods beyond those, highest ordinal first. */
  readonly condemned: readonly { readonly ordinal: number; readonly pod: Pod }[];
  readonly history: TemplateHistory;
  /** The revision from which an update comes; that of the present template where none is under way. */
  readonly current: TemplateRevision;
  readonly nowMs: number;
}

export interface Slot {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

export function situationOf(
  lookup: Lookup,
  {
    set,
    pods,
    history,
    nowMs,
  }: { set: StatefulSet; pods: readonly Pod[]; history: TemplateHistory; nowMs: number },
): Situation {
  const { first, end } = ordinalRange(set);
  const numbered = pods.flatMap((pod) => {
    const ordinal = ordinalOf(set, pod);
    return ordinal === undefined ? [] : [{ ordinal, pod }];
  });
  const byOrdinal = new Map(numbered.map(({ ordinal, pod }) => [ordinal, pod]));
  const condemned = numbered.filter(({ ordinal }) => ordinal < first || ordinal >= end);
  return {
    lookup,
    set,
    slots: Array.from({ length: end - first }, (_, index) => ({
      ordinal: first + index,
      pod: byOrdinal.get(first + index),
    })),
    condemned: condemned.toSorted((a, b) => b.ordinal - a.ordinal),
    history,
    current: history.revisions.find(({ name }) => name === set.status?.currentRevision) ?? history.update,
    nowMs,
  };
}

/** Whether pods are made and deleted one after the other, each when the one before it is available. */
export function isOrdered({ set }: Situation): boolean {
  return (set.spec.podManagementPolicy ?? 'OrderedReady') === 'OrderedReady';
}

export function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Runs, is ready for as long as the set asks for, and stays. */
export function isAvailable({ set, nowMs }: Situation, pod: Pod): boolean {
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  return isRunning(pod) && !isTerminating(pod) && isPodAvailable(pod, { minReadySeconds, nowMs });
}

export function isRunning(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod);
}

/** Whether a pod is of a revision. */
export function isOfRevision({ metadata }: Pod, { name }: TemplateRevision): boolean {
  return metadata.labels?.[REVISION_LABEL] === name;
}

/** Pods with an ordinal below it stay at, and come back at, the current revision; 0 where all are updated. */
export function partitionOf({ set }: Situation): number {
  const { partition = 0 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  return ordinalRange(set).first + partition;
}

/** Whether an update goes on by itself: otherwise pods are updated when somebody deletes them. */
export function isRolling({ spec }: StatefulSet): boolean {
  return (spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}
