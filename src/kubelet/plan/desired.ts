import type { Pod } from '#api/core/pod.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import { graceSecondsOf } from '#kubelet/annotations.ts';
import type { Desired, PodFacts } from '#kubelet/pod-facts.ts';
import type { PodMemory } from '#kubelet/pod-memory.ts';
import { isTerminal, phaseOf } from '#kubelet/status/phase.ts';
import { parseTimestamp } from '#system/clock.ts';

/** Grace of a pod that is gone and names none, in milliseconds. */
const GRACE_MS_DEFAULT = 30_000;

/** Grace of a pod whose object was deleted at once, in milliseconds: whoever did that does not want to wait. */
const GRACE_MS_FORCED = 2000;

/** What is wanted of a pod whose object is there: to end for good, to terminate, or to run. Pure. */
export function desiredOf(
  pod: Pod,
  memory: Pick<PodMemory, 'terminatingSinceMs' | 'activeSinceMs'>,
  facts: Omit<PodFacts, 'desired'>,
): Desired {
  if (pod.metadata.deletionTimestamp !== undefined) {
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    return { type: 'terminate', pod, deadlineMs: (memory.terminatingSinceMs ?? facts.monotonicMs) + graceMs };
  }
  const { status } = facts.recollection;
  if (isTerminal(status?.phase)) return { type: 'finish', pod, why: { type: 'completed' } };
  const deadlineMs = activeDeadlineOf(pod, memory);
  if (deadlineMs !== undefined && deadlineMs <= facts.monotonicMs) {
    const message = 'Pod was active on the node longer than the specified deadline';
    return { type: 'finish', pod, why: { type: 'failed', reason: 'DeadlineExceeded', message } };
  }
  const run: Desired = { type: 'run', pod };
  return isTerminal(phaseOf(pod, { ...facts, desired: run }))
    ? { type: 'finish', pod, why: { type: 'completed' } }
    : run;
}

/** When a pod will have been active for as long as its spec allows, monotonic milliseconds; undefined where it may be for ever. */
export function activeDeadlineOf(
  pod: Pod,
  { activeSinceMs }: Pick<PodMemory, 'activeSinceMs'>,
): number | undefined {
  const { activeDeadlineSeconds } = pod.spec;
  if (activeDeadlineSeconds === undefined || activeSinceMs === undefined) return undefined;
  return activeSinceMs + activeDeadlineSeconds * 1000;
}

/**
 * When a pod became active, monotonic milliseconds, by its start time as of now: to be asked once, so that a clock that is
 * set later changes nothing.
 */
export function activeSince(status: PodStatus, now: { wallMs: number; monotonicMs: number }): number {
  const startedMs = parseTimestamp(status.startTime) ?? now.wallMs;
  return now.monotonicMs - Math.max(0, now.wallMs - startedMs);
}

/** What is wanted of a pod whose object is gone: that nothing is left of it. Pure. */
export function removalOf(
  memory: Pick<PodMemory, 'pod' | 'goneSinceMs'>,
  facts: Pick<PodFacts, 'runtime' | 'monotonicMs'>,
): Desired {
  const annotated = graceSecondsOf(facts.runtime.sandboxes[0]?.annotations ?? {});
  const graceMs =
    memory.pod === undefined
      ? annotated === undefined
        ? GRACE_MS_DEFAULT
        : annotated * 1000
      : GRACE_MS_FORCED;
  return { type: 'remove', deadlineMs: (memory.goneSinceMs ?? facts.monotonicMs) + graceMs };
}
