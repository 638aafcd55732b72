import type { Pod } from '#api/core/pod.ts';
import type { ContainerState, ContainerStateTerminated, ContainerStatus } from '#api/core/pod-status.ts';
import type { Container } from '#cri/runtime.ts';
import { isInitialized, isStarted, podLabel } from '#kubelet/plan/plan-containers.ts';
import { startKey } from '#kubelet/plan/pod-action.ts';
import { crashDelayMs, formatDelay } from '#kubelet/plan/restart.ts';
import { type Standing, standingOf, statusOf, VANISHED_EXIT_CODE } from '#kubelet/plan/standing.ts';
import { containersOf, type PodContainer } from '#kubelet/pod-container.ts';
import type { PodFacts } from '#kubelet/pod-facts.ts';
import { timestamp } from '#system/clock.ts';

/** What a container id starts with in a status: the runtime's name. */
const ID_SCHEME = 'containerd://';

/** A container's id as statuses have it. */
export function containerIdOf(container: Pick<Container, 'id'>): string {
  return ID_SCHEME + container.id;
}

/** The status of one container, as `kubectl describe pod` shows it. Pure. */
export function containerStatus(pod: Pod, container: PodContainer, facts: PodFacts): ContainerStatus {
  const standing = standingOf(pod, container, facts);
  const previous = statusOf(facts.recollection.status, container.spec.name);
  const newest = facts.runtime.containers.find(({ name }) => name === container.spec.name);
  const state = stateOf(pod, { container, standing, previous }, facts);
  const lastState = lastStateOf(facts, { name: container.spec.name, state, previous });
  const started = standing.type === 'running' && isStarted(facts, standing.container);
  const containerID = newest === undefined ? previous?.containerID : ID_SCHEME + newest.id;
  return {
    name: container.spec.name,
    image: container.spec.image ?? '',
    imageID: newest?.imageId ?? previous?.imageID ?? '',
    ...(containerID === undefined ? {} : { containerID }),
    restartCount: newest?.attempt ?? previous?.restartCount ?? 0,
    ready: isReady(container, standing, facts),
    started,
    state,
    lastState,
  };
}

function isReady(container: PodContainer, standing: Standing, facts: PodFacts): boolean {
  if (container.role === 'init') return standing.type === 'ended' && standing.exit.exitCode === 0;
  if (standing.type !== 'running' || !isStarted(facts, standing.container)) return false;
  return facts.recollection.health.get(standing.container.id)?.ready ?? false;
}

interface Told {
  readonly container: PodContainer;
  readonly standing: Standing;
  readonly previous: ContainerStatus | undefined;
}

function stateOf(pod: Pod, { container, standing, previous }: Told, facts: PodFacts): ContainerState {
  switch (standing.type) {
    case 'running':
      return { running: { startedAt: timestamp(standing.startedMs) } };
    case 'ended':
      return { terminated: terminated(standing.container, facts) };
    case 'restarting':
      return restarting(pod, { container, standing }, facts);
    case 'gone':
      return previous?.state?.terminated === undefined
        ? { terminated: vanished(standing.exitCode) }
        : previous.state;
    case 'unknown':
      return previous?.state ?? { waiting: { reason: 'ContainerCreating' } };
    case 'absent':
    case 'created':
      return facts.desired.type === 'run'
        ? { waiting: waiting(pod, container, facts) }
        : afterTheEnd(previous);
  }
}

/** A container that is not to run any more and of which the runtime has nothing. */
function afterTheEnd(previous: ContainerStatus | undefined): ContainerState {
  if (previous?.state?.running !== undefined) return { terminated: vanished(VANISHED_EXIT_CODE) };
  return previous?.state ?? { waiting: { reason: 'ContainerCreating' } };
}

function restarting(
  pod: Pod,
  { container, standing }: { container: PodContainer; standing: Extract<Standing, { type: 'restarting' }> },
  facts: PodFacts,
): ContainerState {
  if (facts.recollection.failures.has(startKey(container.spec.name)))
    return { waiting: waiting(pod, container, facts) };
  if (standing.waitMs <= 0) return { terminated: terminated(standing.container, facts) };
  const delay = formatDelay(crashDelayMs(standing.streak));
  const message = `back-off ${delay} restarting failed container=${container.spec.name} pod=${podLabel(pod)}`;
  return { waiting: { reason: 'CrashLoopBackOff', message } };
}

/** Why a container does not run yet: what failed last, else what it waits for. */
function waiting(pod: Pod, { spec }: PodContainer, facts: PodFacts): { reason: string; message?: string } {
  const { failures, preparation } = facts.recollection;
  const failure = failures.get(startKey(spec.name));
  if (failure?.reason === 'ErrImagePull' && failure.count > 1) {
    return {
      reason: 'ImagePullBackOff',
      message: `Back-off pulling image "${spec.image ?? ''}": ${failure.message}`,
    };
  }
  if (failure !== undefined) return { reason: failure.reason, message: failure.message };
  const reason =
    containersOf(pod).some(({ role }) => role === 'init' || role === 'sidecar') && !isInitialized(pod, facts)
      ? 'PodInitializing'
      : 'ContainerCreating';
  const isPrepared = preparation.type === 'ready';
  const blocking =
    (isPrepared ? undefined : failures.get('prepare')) ??
    (facts.runtime.sandboxes[0]?.state === 'ready' ? undefined : failures.get('sandbox'));
  return blocking === undefined ? { reason } : { reason, message: blocking.message };
}

/** The end before the state that is shown: of the runtime's containers, else what the last status knew. */
function lastStateOf(
  facts: PodFacts,
  { name, state, previous }: { name: string; state: ContainerState; previous: ContainerStatus | undefined },
): ContainerState {
  const shownId = state.terminated?.containerID;
  const [newest, ...older] = facts.runtime.containers.filter((container) => container.name === name);
  const isNewestShown =
    newest === undefined || state.running !== undefined || shownId === ID_SCHEME + newest.id;
  const last = (isNewestShown ? older : [newest, ...older]).find(
    (container) => container.state.type === 'exited',
  );
  if (last !== undefined) return { terminated: terminated(last, facts) };
  const known = [previous?.state?.terminated, previous?.lastState?.terminated].find(
    (end) => end?.containerID !== undefined && end.containerID !== shownId,
  );
  return known === undefined ? {} : { terminated: known };
}

function terminated(container: Container, facts: PodFacts): ContainerStateTerminated {
  const { state } = container;
  if (state.type !== 'exited') return vanished(VANISHED_EXIT_CODE);
  const message = facts.recollection.exits.get(container.id)?.message || state.message;
  return {
    exitCode: state.exitCode,
    reason: state.reason === '' ? (state.exitCode === 0 ? 'Completed' : 'Error') : state.reason,
    ...(message === '' ? {} : { message }),
    ...(state.startedMs > 0 ? { startedAt: timestamp(state.startedMs) } : {}),
    finishedAt: timestamp(state.finishedMs),
    containerID: ID_SCHEME + container.id,
  };
}

function vanished(exitCode: number): ContainerStateTerminated {
  return {
    exitCode,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  };
}
