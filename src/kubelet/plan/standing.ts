import type { Pod } from '#api/core/pod.ts';
import type { ContainerStatus, PodStatus } from '#api/core/pod-status.ts';
import type { Container, ContainerState } from '#cri/runtime.ts';
import { imageOf } from '#kubelet/annotations.ts';
import { crashWaitMs, isRestarted, type RestartPolicy, streakAfterExit } from '#kubelet/plan/restart.ts';
import type { PodContainer } from '#kubelet/pod-container.ts';
import type { PodFacts, PodRuntime } from '#kubelet/pod-facts.ts';

/** The end of a container, as the runtime tells it. */
export type Exited = Extract<ContainerState, { type: 'exited' }>;

/** Where one container of a pod stands, as far as its pod's next step is concerned. */
export type Standing =
  /** It is to be made: it never was, or not in the present sandbox. */
  | { readonly type: 'absent' }
  /** Made, but never started: its maker was interrupted. */
  | { readonly type: 'created'; readonly container: Container }
  | { readonly type: 'running'; readonly container: Container; readonly startedMs: number }
  /** It ended and runs again after `waitMs`, as restart number `streak + 1` in a row. */
  | {
      readonly type: 'restarting';
      readonly container: Container;
      readonly exit: Exited;
      readonly waitMs: number;
      readonly streak: number;
    }
  /** It ended for good. */
  | { readonly type: 'ended'; readonly container: Container; readonly exit: Exited }
  /** It ended for good, or must count as failed, and only its status tells of it. */
  | { readonly type: 'gone'; readonly exitCode: number }
  /** The runtime does not know whether it runs. */
  | { readonly type: 'unknown'; readonly container: Container };

/** The exit code of a container that vanished, as Kubernetes states it. */
export const VANISHED_EXIT_CODE = 137;

type Facts = Pick<PodFacts, 'desired' | 'runtime' | 'recollection' | 'nowMs' | 'monotonicMs'>;

/** Where a container stands. Pure; total on anything the runtime may report. */
export function standingOf(pod: Pod, { spec, role }: PodContainer, facts: Facts): Standing {
  const newest = facts.runtime.containers.find((container) => container.name === spec.name);
  if (newest === undefined) return standingWithout(pod, { spec, role }, facts);
  const { state } = newest;
  if (state.type === 'running') return { type: 'running', container: newest, startedMs: state.startedMs };
  if (state.type === 'unknown') return { type: 'unknown', container: newest };
  const inPresentSandbox = isPresent(newest, facts.runtime);
  if (state.type === 'created')
    return inPresentSandbox ? { type: 'created', container: newest } : standingAfterLoss(pod, role);
  return standingAfterExit(pod, { spec, role }, { facts, container: newest, exit: state, inPresentSandbox });
}

function standingAfterExit(
  pod: Pod,
  { spec, role }: PodContainer,
  ended: { facts: Facts; container: Container; exit: Exited; inPresentSandbox: boolean },
): Standing {
  const { facts, container, exit } = ended;
  if (facts.desired.type !== 'run') return { type: 'ended', container, exit };
  const redefined = imageOf(container) !== undefined && imageOf(container) !== spec.image;
  const isForcedAgain = redefined && facts.recollection.redefined.has(container.id);
  const restarts = isForcedAgain || isRestarted(policyOf(pod, role), exit.exitCode);
  if (!ended.inPresentSandbox) {
    // A new sandbox runs the init containers again; a main container only where its policy says so.
    if (restarts || (role !== 'main' && role !== 'ephemeral' && policyOf(pod, 'main') !== 'Never'))
      return { type: 'absent' };
  }
  if (!restarts) return { type: 'ended', container, exit };
  const streak = redefined ? 0 : streakAfterExit(container);
  const seenMs = facts.recollection.exits.get(container.id)?.seenMs ?? facts.monotonicMs;
  const waitMs = crashWaitMs(
    { finishedMs: exit.finishedMs, seenMs, streak },
    { wallMs: facts.nowMs, monotonicMs: facts.monotonicMs },
  );
  return { type: 'restarting', container, exit, waitMs, streak };
}

/** The runtime has nothing of this name: either it never ran, or the runtime lost its state; the status tells which. */
function standingWithout(pod: Pod, { spec, role }: PodContainer, facts: Facts): Standing {
  const status = statusOf(facts.recollection.status, spec.name);
  const ended =
    status?.state?.terminated ??
    (status?.state?.waiting === undefined ? undefined : status.lastState?.terminated);
  const policy = policyOf(pod, role);
  if (ended !== undefined)
    return isRestarted(policy, ended.exitCode)
      ? { type: 'absent' }
      : { type: 'gone', exitCode: ended.exitCode };
  const isPodRestarted =
    role !== 'ephemeral' && facts.runtime.containers.some((other) => !isPresent(other, facts.runtime));
  const hadRun = status?.containerID !== undefined || isPodRestarted;
  return hadRun && facts.desired.type === 'run' ? standingAfterLoss(pod, role) : { type: 'absent' };
}

function standingAfterLoss(pod: Pod, role: PodContainer['role']): Standing {
  return policyOf(pod, role) === 'Never'
    ? { type: 'gone', exitCode: VANISHED_EXIT_CODE }
    : { type: 'absent' };
}

/** Whether the container is in the newest sandbox, and that sandbox is up. */
export function isPresent(container: Container, runtime: PodRuntime): boolean {
  const sandbox = runtime.sandboxes[0];
  return sandbox?.state === 'ready' && container.sandboxId === sandbox.id;
}

/** The restart policy that applies to a container: an init container that fails is tried again unless the pod says Never. */
export function policyOf(pod: Pod, role: PodContainer['role']): RestartPolicy {
  switch (role) {
    case 'sidecar':
      return 'Always';
    case 'ephemeral':
      return 'Never';
    case 'init':
      return pod.spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure';
    case 'main':
      return pod.spec.restartPolicy ?? 'Always';
  }
}

/** A container's status by name, among all of a pod's. */
export function statusOf(status: PodStatus | undefined, name: string): ContainerStatus | undefined {
  const named = (known: ContainerStatus): boolean => known.name === name;
  return (
    status?.containerStatuses?.find(named) ??
    status?.initContainerStatuses?.find(named) ??
    status?.ephemeralContainerStatuses?.find(named)
  );
}
