import { planContainers } from '#kubelet/plan/plan-containers.ts';
import { planLeftovers } from '#kubelet/plan/plan-leftovers.ts';
import { planStop } from '#kubelet/plan/plan-stop.ts';
import { failureKey, isOperation, operationKey, type PodAction, startKey } from '#kubelet/plan/pod-action.ts';
import { standingOf } from '#kubelet/plan/standing.ts';
import { containersOf } from '#kubelet/pod-container.ts';
import type { Desired, PodFacts } from '#kubelet/pod-facts.ts';

/** A stop under way is asked for again only where the new deadline is earlier by more than this, in milliseconds. */
const DEADLINE_TOLERANCE_MS = 500;

/** Grace of containers of a pod that is finished but still has some running, in milliseconds, where the pod names none. */
const DEFAULT_GRACE_MS = 30_000;

/**
 * What is to be done next for one pod, from all that is known of it: pure, synchronous, total. The executor starts the
 * actions; when one of them ends, or anything else changes, the plan is made anew. Level, never edge.
 */
export function planPod(facts: PodFacts): PodAction[] {
  return planNext(facts)
    .filter((action) => !isUnderWay(facts, action))
    .map((action) => putOff(facts, action));
}

/** An operation that is under way is not started again; only a stop may be asked for again, to be over earlier. */
function isUnderWay(facts: PodFacts, action: PodAction): boolean {
  if (!isOperation(action)) return false;
  const underWay = facts.recollection.operations.get(operationKey(action));
  if (underWay === undefined) return false;
  return (
    action.type !== 'stopContainer' ||
    (underWay.deadlineMs ?? Infinity) <= action.deadlineMs + DEADLINE_TOLERANCE_MS
  );
}

/** An operation that has failed waits until it may be tried again. */
function putOff(facts: PodFacts, action: PodAction): PodAction {
  const failure = isOperation(action) ? facts.recollection.failures.get(failureKey(action)) : undefined;
  if (failure === undefined || failure.retryAtMs <= facts.monotonicMs) return action;
  return { type: 'wait', untilMs: failure.retryAtMs, why: failure.message };
}

function planNext(facts: PodFacts): PodAction[] {
  const { desired } = facts;
  switch (desired.type) {
    case 'run':
      return planRun(facts, desired);
    case 'finish':
      return planFinish(facts, desired);
    case 'terminate':
      return planTerminate(facts, desired);
    case 'remove':
      return planRemove(facts, desired);
  }
}

function planRun(facts: PodFacts, desired: Extract<Desired, { type: 'run' }>): PodAction[] {
  const { preparation, operations } = facts.recollection;
  if (preparation.type !== 'ready') return [{ type: 'prepare', why: 'the pod has no volumes yet' }];
  const refresh = planRefresh(facts);
  if (operations.has('sandbox')) return refresh;
  const sandbox = facts.runtime.sandboxes[0];
  if (sandbox === undefined || sandbox.state === 'notReady')
    return [...refresh, ...planSandbox(facts, desired)];
  return [...refresh, ...planLeftovers(facts), ...planContainers(facts, { pod: desired.pod, sandbox })];
}

/** Volumes made from API objects follow those objects while the pod runs. */
function planRefresh(facts: PodFacts): PodAction[] {
  const { preparation } = facts.recollection;
  if (preparation.type !== 'ready') return [];
  if (preparation.inputs !== facts.inputs) {
    return [{ type: 'prepare', why: 'an object that a volume is made from has changed' }];
  }
  if (preparation.renewAtMs <= facts.monotonicMs)
    return [{ type: 'prepare', why: 'a token in a volume is to be renewed' }];
  return preparation.renewAtMs === Infinity
    ? []
    : [{ type: 'wait', untilMs: preparation.renewAtMs, why: 'token renewal' }];
}

function planSandbox(facts: PodFacts, { pod }: Extract<Desired, { type: 'run' }>): PodAction[] {
  const standings = containersOf(pod).map((container) => standingOf(pod, container, facts));
  const hasWork = standings.some(
    ({ type }) => type === 'absent' || type === 'running' || type === 'unknown' || type === 'restarting',
  );
  if (!hasWork) return [];
  const cancels = cancelStarts(facts, 'the sandbox is gone');
  if (cancels.length > 0) return cancels;
  const [newest] = facts.runtime.sandboxes;
  const replaces = facts.runtime.sandboxes.map((sandbox) => sandbox.id);
  const event: PodAction[] =
    newest === undefined
      ? []
      : [
          {
            type: 'event',
            key: `sandbox-changed/${newest.id}`,
            eventType: 'Normal',
            reason: 'SandboxChanged',
            message: 'Pod sandbox changed, it will be killed and re-created.',
            why: 'the sandbox is not ready',
          },
        ];
  const why = newest === undefined ? 'the pod has no sandbox' : 'the sandbox is not ready';
  return [
    ...event,
    { type: 'runSandbox', attempt: newest === undefined ? 0 : newest.attempt + 1, replaces, why },
  ];
}

function planFinish(facts: PodFacts, { pod, why }: Extract<Desired, { type: 'finish' }>): PodAction[] {
  const stopping = planWindDown(facts, {
    deadlineMs: facts.monotonicMs + graceMs(pod.spec.terminationGracePeriodSeconds),
    pod,
  });
  if (stopping !== 'stopped') return stopping;
  const isReleased = facts.recollection.preparation.type === 'released';
  const isUp = facts.runtime.sandboxes.some((sandbox) => sandbox.state === 'ready');
  if (isReleased && !isUp) return [];
  return [{ type: 'release', why: why.type === 'completed' ? 'the pod has run to its end' : why.message }];
}

function planTerminate(
  facts: PodFacts,
  { pod, deadlineMs }: Extract<Desired, { type: 'terminate' }>,
): PodAction[] {
  const stopping = planWindDown(facts, { deadlineMs, pod });
  if (stopping !== 'stopped') return stopping;
  // Once the containers are removed, nobody can tell any more how they ended: their status is to be known first.
  if (!facts.recollection.statusWritten) return [];
  if (facts.recollection.preparation.type === 'removed') return [];
  return [{ type: 'removePod', deleteObject: true, why: 'the pod is deleted and nothing of it runs' }];
}

function planRemove(facts: PodFacts, { deadlineMs }: Extract<Desired, { type: 'remove' }>): PodAction[] {
  const stopping = planWindDown(facts, { deadlineMs, pod: undefined });
  if (stopping !== 'stopped') return stopping;
  const isLeft = facts.runtime.sandboxes.length > 0 || facts.runtime.containers.length > 0;
  if (isLeft || facts.recollection.preparation.type !== 'removed') {
    return [{ type: 'removePod', deleteObject: false, why: 'no such pod exists any more' }];
  }
  return [{ type: 'forget', why: 'nothing of the pod is left' }];
}

/** Gives up what is being started, then stops what runs. */
function planWindDown(
  facts: PodFacts,
  stop: { deadlineMs: number; pod: Parameters<typeof planStop>[1]['pod'] },
): PodAction[] | 'stopped' {
  const actions = [...cancelStarts(facts, 'the pod is to stop'), ...planStop(facts, stop)];
  return actions.length > 0 || facts.recollection.operations.size > 0 ? actions : 'stopped';
}

function cancelStarts(facts: PodFacts, why: string): PodAction[] {
  return [...facts.recollection.operations.keys()]
    .filter((key) => key === 'prepare' || key.startsWith(startKey('')))
    .map((key) => ({ type: 'cancel' as const, key, why }));
}

function graceMs(seconds: number | undefined): number {
  return seconds === undefined ? DEFAULT_GRACE_MS : seconds * 1000;
}
