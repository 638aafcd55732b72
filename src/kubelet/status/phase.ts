import type { Pod } from '#api/core/pod.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import { isInitialized } from '#kubelet/plan/plan-containers.ts';
import { type Standing, standingOf, statusOf } from '#kubelet/plan/standing.ts';
import { containersOf } from '#kubelet/pod-container.ts';
import type { PodFacts } from '#kubelet/pod-facts.ts';

/** `status.phase` of a pod. */
export type Phase = NonNullable<PodStatus['phase']>;

/** Whether a pod of this phase has ended for good: a phase that is never left. */
export function isTerminal(phase: Phase | undefined): phase is 'Succeeded' | 'Failed' {
  return phase === 'Succeeded' || phase === 'Failed';
}

/**
 * The pod's phase (Kubernetes docs, "Pod Lifecycle"). A pod that has run does not go back to Pending, and one that is
 * terminating ends as Succeeded or Failed once nothing of it runs.
 */
export function phaseOf(pod: Pod, facts: PodFacts): Phase {
  const before = facts.recollection.status?.phase;
  if (isTerminal(before)) return before;
  if (facts.desired.type === 'finish' && facts.desired.why.type === 'failed') return 'Failed';
  const standings = containersOf(pod).map((container) => ({
    ...container,
    standing: standingOf(pod, container, facts),
  }));
  if (standings.some(({ role, standing }) => role === 'init' && hasFailed(standing))) return 'Failed';
  const main = standings.filter(({ role }) => role === 'main');
  if (main.every(({ standing }) => hasEnded(standing))) {
    return main.some(({ standing }) => hasFailed(standing)) ? 'Failed' : 'Succeeded';
  }
  if (facts.desired.type !== 'run') return phaseWhileStopping(main, before);
  const isPending =
    !isInitialized(pod, facts) ||
    main.some(
      ({ spec, standing }) =>
        neverRan(standing) && statusOf(facts.recollection.status, spec.name)?.containerID === undefined,
    );
  return isPending && before !== 'Running' ? 'Pending' : 'Running';
}

function phaseWhileStopping(main: readonly { standing: Standing }[], before: Phase | undefined): Phase {
  const isAlive = main.some(({ standing }) => standing.type === 'running' || standing.type === 'unknown');
  const hasRun = main.some(({ standing }) => hasEnded(standing)) || before === 'Running';
  return !isAlive && hasRun ? 'Failed' : (before ?? 'Pending');
}

function neverRan(standing: Standing): boolean {
  return standing.type === 'absent' || standing.type === 'created';
}

function hasEnded(standing: Standing): boolean {
  return standing.type === 'ended' || standing.type === 'gone';
}

function hasFailed(standing: Standing): boolean {
  return (
    (standing.type === 'ended' && standing.exit.exitCode !== 0) ||
    (standing.type === 'gone' && standing.exitCode !== 0)
  );
}
