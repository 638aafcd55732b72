import { controllerRevisionResource } from '#api/apps/controller-revision.ts';
import { type StatefulSet, statefulSetResource } from '#api/apps/stateful-set.ts';
import { persistentVolumeClaimResource } from '#api/core/persistent-volume-claim.ts';
import { podResource } from '#api/core/pod.ts';
import { claim, controllerReference } from '#controllers/ownership.ts';
import { orphanPods, readControlledPods } from '#controllers/pods-of-selector.ts';
import { matcherOf } from '#controllers/selector-matcher.ts';
import { ordinalOf } from '#controllers/stateful-set/identity.ts';
import { isOfRevision, type Situation, situationOf } from '#controllers/stateful-set/situation.ts';
import { observedStatus, untilNextAvailableMs } from '#controllers/stateful-set/status.ts';
import { planPods } from '#controllers/stateful-set/steps.ts';
import { statusChange } from '#controllers/status-change.ts';
import { deleteOldRevisions, templateHistory } from '#controllers/template-revisions.ts';
import { type Action, type Controller, ownerOfKind, read, type Snapshot } from '#reconcile/controller.ts';

const HISTORY_LIMIT_DEFAULT = 10;

/** Keeps pods with an identity of their own: numbered, named, each with its claims (Kubernetes docs, "StatefulSets"). */
export const statefulSetController: Controller<StatefulSet> = {
  name: 'statefulset-controller',
  for: statefulSetResource,
  reads: [
    readControlledPods(statefulSetResource, ({ spec }) => spec.selector),
    read(controllerRevisionResource, ownerOfKind('StatefulSet')),
    read(persistentVolumeClaimResource, () => []),
  ],
  writes: [
    { type: statefulSetResource, verbs: ['patchStatus'] },
    { type: podResource, verbs: ['create', 'patch', 'delete'] },
    { type: persistentVolumeClaimResource, verbs: ['create', 'patch'] },
    { type: controllerRevisionResource, verbs: ['create', 'patch', 'delete'] },
  ],
  plan(snapshot, nowMs) {
    const { object: set } = snapshot;
    if (set === undefined) return [];
    const { claimed: pods, actions: claims } = claimPods(snapshot, set);
    const history = templateHistory(snapshot, {
      workload: set,
      owner: controllerReference(statefulSetResource, set),
    });
    const situation = situationOf(snapshot, { set, pods, history, nowMs });
    const status = statusChange(statefulSetResource, set, {
      status: observedStatus(situation),
      why: 'the pods of the StatefulSet have changed',
    });
    if (history.collides || set.metadata.deletionTimestamp !== undefined) return [...claims, ...status];
    const untilMs = untilNextAvailableMs(situation, pods);
    return [
      ...claims,
      ...history.actions,
      ...status,
      ...planPods(situation),
      ...forgetRevisions(situation),
      ...(untilMs === undefined
        ? []
        : [{ type: 'requeue', afterMs: untilMs, why: 'a ready pod is not available yet' } as const]),
    ];
  },
};

function claimPods(snapshot: Snapshot<StatefulSet>, set: StatefulSet) {
  const { selector } = set.spec;
  const namespace = set.metadata.namespace ?? '';
  const orphans = orphanPods(snapshot, { namespace, selector });
  return claim(
    { type: statefulSetResource, object: set, matcher: matcherOf(selector) },
    {
      type: podResource,
      owned: snapshot.list(podResource, { ownedBy: set.metadata.uid }),
      orphans: orphans.filter((pod) => ordinalOf(set, pod) !== undefined),
    },
  );
}

function forgetRevisions({ set, slots, condemned, history, current }: Situation): Action[] {
  const pods = [...slots, ...condemned].flatMap(({ pod }) => pod ?? []);
  return deleteOldRevisions(history, {
    limit: set.spec.revisionHistoryLimit ?? HISTORY_LIMIT_DEFAULT,
    isLive: (revision) =>
      revision.name === current.name ||
      revision.name === history.update.name ||
      pods.some((pod) => isOfRevision(pod, revision)),
  });
}
