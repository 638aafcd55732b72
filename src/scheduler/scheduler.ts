import { namespaceResource } from '#api/core/namespace.ts';
import { nodeResource } from '#api/core/node.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { objectKey } from '#api/object.ts';
import { type Action, type Controller, type Lookup, read } from '#reconcile/controller.ts';
import { changedHostsIndex } from '#scheduler/changed-hosts.ts';
import { demandOfPod } from '#scheduler/demand.ts';
import { isWaiting, queueIndex, SCHEDULER_NAME } from '#scheduler/queue.ts';
import { startRound } from '#scheduler/round.ts';
import { schedule } from '#scheduler/turn.ts';

/** Most pods that one plan looks at; the next goes on. */
const ROUND_PODS_MAX = 500;

/** When this many pods in a row, known not to fit, still fit nowhere, the rest of their kind is left to their own turn. */
const HOPELESS_PODS_MAX = 16;

/**
 * Gives pods their hosts: filter, score, bind. A plan places not only the pod of its key but all that wait with it, those
 * of higher priority first, and reckons with each placement in the next: hence one plan at a time, and no room is given
 * away twice. A pod that fits nowhere says why, and is looked at again when a host or another pod changes.
 */
export const schedulerController: Controller<Pod> = {
  name: SCHEDULER_NAME,
  for: podResource,
  reads: [
    read(nodeResource, ({ metadata: { name } }, lookup) => {
      const { unschedulable } = lookup.index(queueIndex);
      return unschedulable.size > 0 && lookup.index(changedHostsIndex).has(name)
        ? [...unschedulable.keys()]
        : [];
    }),
    read(namespaceResource, () => []),
    read(podResource, concernedByPod),
  ],
  writes: [{ type: podResource, verbs: ['bind', 'patchStatus', 'delete'] }],
  concurrentKeysMax: 1,
  plan(snapshot, nowMs) {
    const { object: pod } = snapshot;
    if (pod === undefined || !isWaiting(pod)) return [];
    const key = objectKey(pod);
    const { ordered, unschedulable } = snapshot.index(queueIndex);
    const round = startRound(snapshot);
    const actions: Action[] = [];
    let [looked, hopeless, isOwnTurn] = [0, 0, false];
    for (const each of ordered) {
      if (looked === ROUND_PODS_MAX) break;
      const isOwn = objectKey(each) === key;
      const isKnown = unschedulable.has(objectKey(each));
      const isHopeless =
        isKnown && (each.status?.nominatedNodeName ?? '') === '' && hopeless >= HOPELESS_PODS_MAX;
      if (isHopeless && !isOwn) continue;
      const steps = schedule(each, { lookup: snapshot, round, nowMs });
      actions.push(...steps);
      looked += 1;
      isOwnTurn ||= isOwn;
      if (steps[0]?.type === 'bind') hopeless = 0;
      else if (isKnown) hopeless += 1;
    }
    return isOwnTurn ? actions : [...actions, { type: 'requeue', afterMs: 0, why: 'others go first' }];
  },
};

/** A pod that goes or ends makes room; one that comes may be the company that others wait for. */
function concernedByPod(pod: Pod, lookup: Lookup): readonly string[] {
  const { unschedulable } = lookup.index(queueIndex);
  if (unschedulable.size === 0 || (pod.spec.nodeName ?? '') === '') return [];
  const { namespace, name } = pod.metadata;
  const now = lookup.get(podResource, { namespace, name });
  const makesRoom = now === undefined || now.status?.phase === 'Succeeded' || now.status?.phase === 'Failed';
  const waiting = [...unschedulable.values()];
  return (makesRoom ? waiting : waiting.filter((each) => demandOfPod(each).affinity.length > 0)).map(
    objectKey,
  );
}
