import type { Pod } from '#api/core/pod.ts';
import type { ContainerStatus, PodCondition } from '#api/core/pod-status.ts';
import { isTerminal, type Phase } from '#kubelet/status/phase.ts';
import { timestamp } from '#system/clock.ts';

/** What the conditions of a pod are made from. */
export interface ConditionFacts {
  readonly pod: Pod;
  readonly phase: Phase;
  /** Statuses of init containers (sidecars among them) and of main containers. */
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  readonly isInitialized: boolean;
  /** The sandbox is up and has its addresses. */
  readonly isSandboxReady: boolean;
  /** The conditions as they stand: their times are kept where nothing changes, and those of other writers always. */
  readonly before: readonly PodCondition[];
  readonly nowMs: number;
}

type Draft = Pick<PodCondition, 'type' | 'status'> & { reason?: string; message?: string };

/** The pod's conditions: the kubelet's own five anew, all others as they were. */
export function composeConditions(facts: ConditionFacts): PodCondition[] {
  const containersReady = containersReadyDraft(facts);
  const own = [
    { type: 'PodReadyToStartContainers', status: truth(facts.isSandboxReady) },
    initializedDraft(facts),
    readyDraft(facts, containersReady),
    containersReady,
  ].map((draft) => stamped(draft, facts));
  const others = facts.before.filter((condition) => !own.some(({ type }) => type === condition.type));
  return [...own, ...others];
}

function initializedDraft({ isInitialized, phase, init }: ConditionFacts): Draft {
  const type = 'Initialized';
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' };
  if (isInitialized) return { type, status: 'True' };
  const incomplete = init.filter(({ ready, started }) => !ready && started !== true).map(({ name }) => name);
  return {
    type,
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${incomplete.join(' ')}]`,
  };
}

function containersReadyDraft({ pod, phase, init, main }: ConditionFacts): Draft {
  const type = 'ContainersReady';
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  const sidecars = new Set(
    (pod.spec.initContainers ?? [])
      .filter((spec) => spec.restartPolicy === 'Always')
      .map((spec) => spec.name),
  );
  const unready = [...init.filter(({ name }) => sidecars.has(name)), ...main]
    .filter(({ ready }) => !ready)
    .map(({ name }) => name);
  if (unready.length === 0) return { type, status: 'True' };
  return {
    type,
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function readyDraft({ pod, phase, before }: ConditionFacts, containersReady: Draft): Draft {
  if (containersReady.status !== 'True' || isTerminal(phase)) return { ...containersReady, type: 'Ready' };
  const unmet = (pod.spec.readinessGates ?? [])
    .map((gate) => gate.conditionType)
    .filter((type) => before.find((condition) => condition.type === type)?.status !== 'True');
  if (unmet.length === 0) return { type: 'Ready', status: 'True' };
  const message = unmet.map((type) => `the status of pod readiness gate "${type}" is not "True"`).join(', ');
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message };
}

function stamped(draft: Draft, { before, nowMs }: ConditionFacts): PodCondition {
  const known = before.find(({ type }) => type === draft.type);
  const since = known?.status === draft.status ? known.lastTransitionTime : undefined;
  return { ...draft, lastTransitionTime: since ?? timestamp(nowMs) };
}

function truth(value: boolean): 'True' | 'False' {
  return value ? 'True' : 'False';
}
