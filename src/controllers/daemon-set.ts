import { controllerRevisionResource } from '#api/apps/controller-revision.ts';
import { type DaemonSet, daemonSetResource } from '#api/apps/daemon-set.ts';
import { nodeResource } from '#api/core/node.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { objectKey } from '#api/object.ts';
import { daemonPod } from '#controllers/daemon-set/daemon-pod.ts';
import { isUpdated, type Situation, situationOf } from '#controllers/daemon-set/situation.ts';
import { observedStatus, untilNextAvailableMs } from '#controllers/daemon-set/status.ts';
import { planSteps, type Steps } from '#controllers/daemon-set/steps.ts';
import { generatedNames } from '#controllers/name-suffix.ts';
import { claim, controllerReference } from '#controllers/ownership.ts';
import { createPod, deletePod } from '#controllers/pod-actions.ts';
import { orphanPods, readControlledPods } from '#controllers/pods-of-selector.ts';
import { matcherOf } from '#controllers/selector-matcher.ts';
import { statusChange } from '#controllers/status-change.ts';
import { deleteOldRevisions, REVISION_LABEL, templateHistory } from '#controllers/template-revisions.ts';
import {
  type Action,
  type Controller,
  type Lookup,
  ownerOfKind,
  read,
  type Snapshot,
} from '#reconcile/controller.ts';

const HISTORY_LIMIT_DEFAULT = 10;

/** Keeps one pod on every node that it is meant for (Kubernetes docs, "DaemonSet"). */
export const daemonSetController: Controller<DaemonSet> = {
  name: 'daemonset-controller',
  for: daemonSetResource,
  reads: [
    readControlledPods(daemonSetResource, ({ spec }) => spec.selector),
    read(controllerRevisionResource, ownerOfKind('DaemonSet')),
    read(nodeResource, (_node, lookup) => lookup.list(daemonSetResource).map(objectKey)),
  ],
  writes: [
    { type: daemonSetResource, verbs: ['patchStatus'] },
    { type: podResource, verbs: ['create', 'patch', 'delete'] },
    { type: controllerRevisionResource, verbs: ['create', 'patch', 'delete'] },
  ],
  plan(snapshot, nowMs) {
    const { object: set } = snapshot;
    if (set === undefined) return [];
    const { claimed: pods, actions: claims } = claimPods(snapshot, set);
    const history = templateHistory(snapshot, {
      workload: set,
      owner: controllerReference(daemonSetResource, set),
    });
    const situation = situationOf(set, { nodes: snapshot.list(nodeResource), pods, history, nowMs });
    const status = statusChange(daemonSetResource, set, {
      status: observedStatus(situation),
      why: 'the nodes or pods of the DaemonSet have changed',
    });
    if (history.collides || set.metadata.deletionTimestamp !== undefined) return [...claims, ...status];
    const steps = planSteps(situation);
    return [
      ...claims,
      ...history.actions,
      ...status,
      ...steps.remove.flatMap((each) => deletePod(set, each)),
      ...createPods(snapshot, { situation, nodes: steps.create }),
      ...forgetRevisions(situation, pods),
      ...requeue(situation, steps),
    ];
  },
};

function claimPods(snapshot: Snapshot<DaemonSet>, set: DaemonSet) {
  const { selector } = set.spec;
  const orphans = orphanPods(snapshot, { namespace: set.metadata.namespace ?? '', selector });
  return claim(
    { type: daemonSetResource, object: set, matcher: matcherOf(selector) },
    { type: podResource, owned: snapshot.list(podResource, { ownedBy: set.metadata.uid }), orphans },
  );
}

function createPods(
  lookup: Lookup,
  { situation, nodes }: { situation: Situation; nodes: readonly string[] },
): Action[] {
  const { set, history, nowMs } = situation;
  const { namespace = '', uid } = set.metadata;
  const names = generatedNames(`${set.metadata.name}-`, {
    count: nodes.length,
    seed: `${uid}/${nowMs}`,
    isTaken: (name) => lookup.get(podResource, { namespace, name }) !== undefined,
  });
  return nodes.flatMap((node, index): Action[] => {
    const name = names[index] ?? '';
    const why = `node ${node} is to have a pod of the DaemonSet`;
    return createPod(set, { object: daemonPod(set, { name, node, hash: history.update.hash }), why });
  });
}

function forgetRevisions(situation: Situation, pods: readonly Pod[]): Action[] {
  const { set, history } = situation;
  const hashes = new Set(
    pods.filter((pod) => !isUpdated(situation, pod)).map(({ metadata }) => metadata.labels?.[REVISION_LABEL]),
  );
  return deleteOldRevisions(history, {
    limit: set.spec.revisionHistoryLimit ?? HISTORY_LIMIT_DEFAULT,
    isLive: ({ name, hash }) => name === history.update.name || hashes.has(hash),
  });
}

function requeue(situation: Situation, { waitMs }: Steps): Action[] {
  const waits = [waitMs, untilNextAvailableMs(situation)].flatMap((ms) => ms ?? []);
  return waits.length === 0
    ? []
    : [{ type: 'requeue', afterMs: Math.min(...waits), why: 'a pod is not available, or not replaced, yet' }];
}
