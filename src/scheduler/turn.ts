import { type Pod, podResource } from '#api/core/pod.ts';
import type { PodCondition } from '#api/core/pod-status.ts';
import { objectKey } from '#api/object.ts';
import type { Action, Lookup } from '#reconcile/controller.ts';
import { type Demand, demandOfPod } from '#scheduler/demand.ts';
import { place } from '#scheduler/place.ts';
import { findEviction } from '#scheduler/preemption.ts';
import { SCHEDULER_NAME } from '#scheduler/queue.ts';
import type { Round } from '#scheduler/round.ts';
import { unplaceableMessage } from '#scheduler/unplaceable-message.ts';
import { timestamp } from '#system/clock.ts';

/** What a pod has before it when it chooses. */
export interface Turn {
  readonly lookup: Lookup;
  readonly round: Round;
  readonly nowMs: number;
}

/** Binds a pod to a host, or says why it has none and makes room for it if it may. */
export function schedule(pod: Pod, turn: Turn): Action[] {
  const { round, nowMs } = turn;
  const demand = demandOfPod(pod);
  const placement = place(demand, round);
  if (placement.type === 'unplaceable') {
    const message = unplaceableMessage(placement.failures);
    const { nominated, actions } = makeRoom(pod, turn);
    return [...actions, ...refuse(pod, { message, nominated, nowMs })];
  }
  const { host, feasibleHosts } = placement;
  round.assume(demand, host);
  const { namespace, name, uid } = pod.metadata;
  const why = `${host} is the best of ${feasibleHosts} hosts that it fits on`;
  const message = `Successfully assigned ${demand.key} to ${host}`;
  return [
    { type: 'bind', pod: { namespace, name }, uid, node: host, why },
    { type: 'event', regarding: pod, eventType: 'Normal', reason: 'Scheduled', message, why },
  ];
}

/**
 * Makes room for a pod by evicting pods of lower priority; `nominated` is the host on which that is done, or was begun
 * before. The room is reckoned with at once, so that nobody of lower priority takes it meanwhile.
 */
function makeRoom(
  pod: Pod,
  { lookup, round, nowMs }: Turn,
): { nominated: string | undefined; actions: Action[] } {
  const demand = demandOfPod(pod);
  const begun = pod.status?.nominatedNodeName ?? '';
  if (begun !== '' && isMakingRoom(lookup, { demand, host: begun, round })) {
    round.assume(demand, begun);
    return { nominated: begun, actions: [] };
  }
  const eviction = pod.spec.preemptionPolicy === 'Never' ? undefined : findEviction(demand, round);
  if (eviction === undefined) return { nominated: undefined, actions: [] };
  const { host, victims } = eviction;
  for (const victim of victims) round.release(victim, host);
  round.assume(demand, host);
  return {
    nominated: host,
    actions: victims.flatMap((victim) => evict(lookup, { victim, by: pod, host, nowMs })),
  };
}

/** Whether a pod of lower priority is still stopping there. */
function isMakingRoom(
  lookup: Lookup,
  { demand, host, round }: { demand: Demand; host: string; round: Round },
): boolean {
  const tenants = [...round.occupancy.on(host).tenants.values()];
  return tenants.some(
    (tenant) =>
      tenant.priority < demand.priority && podOf(lookup, tenant)?.metadata.deletionTimestamp !== undefined,
  );
}

function evict(
  lookup: Lookup,
  { victim, by, host, nowMs }: { victim: Demand; by: Pod; host: string; nowMs: number },
): Action[] {
  const pod = podOf(lookup, victim);
  if (pod === undefined) return [];
  const { namespace, name, uid, resourceVersion } = pod.metadata;
  const why = `${objectKey(by)} of higher priority needs the room`;
  const disruption: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${SCHEDULER_NAME}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: timestamp(nowMs),
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== disruption.type);
  const patch = { metadata: { resourceVersion }, status: { conditions: [...others, disruption] } };
  const message = `Preempted by pod ${by.metadata.uid} on node ${host}`;
  return [
    { type: 'patchStatus', resource: podResource, name: { namespace, name }, patch, why },
    { type: 'delete', resource: podResource, name: { namespace, name }, uid, why },
    { type: 'event', regarding: pod, eventType: 'Normal', reason: 'Preempted', message, why },
  ];
}

function podOf(lookup: Lookup, { key }: Demand): Pod | undefined {
  const slash = key.indexOf('/');
  return lookup.get(podResource, { namespace: key.slice(0, slash), name: key.slice(slash + 1) });
}

/** Says why a pod has no host, once for each reason: what has not changed is not written again. */
function refuse(
  pod: Pod,
  { message, nominated, nowMs }: { message: string; nominated: string | undefined; nowMs: number },
): Action[] {
  const conditions = pod.status?.conditions ?? [];
  const old = conditions.find(({ type }) => type === 'PodScheduled');
  const isTold = old?.status === 'False' && old.reason === 'Unschedulable' && old.message === message;
  const isNominationSame = (pod.status?.nominatedNodeName ?? '') === (nominated ?? '');
  if (isTold && isNominationSame) return [];
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime:
      old?.status === 'False' ? (old.lastTransitionTime ?? timestamp(nowMs)) : timestamp(nowMs),
  };
  const nomination = isNominationSame ? {} : { nominatedNodeName: nominated ?? null };
  const patch = {
    status: { conditions: [...conditions.filter((each) => each !== old), condition], ...nomination },
  };
  const { namespace, name } = pod.metadata;
  const why = 'no host meets what the pod asks for';
  return [
    { type: 'patchStatus', resource: podResource, name: { namespace, name }, patch, why },
    ...(isTold
      ? []
      : [
          {
            type: 'event',
            regarding: pod,
            eventType: 'Warning',
            reason: 'FailedScheduling',
            message,
            why,
          } as const,
        ]),
  ];
}
