/** What `kubectl get pods` says of a pod in a word. Source: Kubernetes' server-side printer of pods. */
import { age } from '#api/age.ts';
import type { Pod } from '#api/core/pod.ts';
import type { ContainerStateTerminated, ContainerStatus } from '#api/core/pod-status.ts';
import { parseTimestamp } from '#system/clock.ts';

/** A pod in one line. */
export interface PodSummary {
  readonly readyContainers: number;
  /** Containers and sidecars. */
  readonly totalContainers: number;
  /** `Running`, `CrashLoopBackOff`, `Init:0/1`, `Completed`, `Terminating`, … */
  readonly status: string;
  readonly restarts: number;
  /** When the container that ended last did so, RFC 3339. */
  readonly lastRestartTime: string | undefined;
}

interface Tally {
  ready: number;
  restarts: number;
  lastRestartTime: string | undefined;
}

/** The summary of a pod as it stands. */
export function summarizePod(pod: Pod): PodSummary {
  const sidecars = sidecarNames(pod);
  const initialization = summarizeInitialization(pod, sidecars);
  const isInitialized = initialization.reason === undefined || hasTrueCondition(pod, 'Initialized');
  const { tally, reason } = isInitialized ? summarizeContainers(pod, initialization) : initialization;
  return {
    readyContainers: tally.ready,
    totalContainers: (pod.spec.containers ?? []).length + sidecars.size,
    status: overallStatus(pod, reason ?? phaseReason(pod)),
    restarts: tally.restarts,
    lastRestartTime: tally.lastRestartTime,
  };
}

/** `0`, or `3 (5m ago)`. */
export function formatRestarts({ restarts, lastRestartTime }: PodSummary, nowMs: number): string {
  return restarts === 0 || lastRestartTime === undefined
    ? `${restarts}`
    : `${restarts} (${age(lastRestartTime, nowMs)} ago)`;
}

function sidecarNames({ spec }: Pod): ReadonlySet<string> {
  return new Set(
    (spec.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
}

function phaseReason({ status }: Pod): string {
  const isGated = status?.conditions?.some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  return isGated === true ? 'SchedulingGated' : (status?.reason ?? status?.phase ?? '');
}

interface Initialization {
  /** Of all init containers up to the first unfinished one. */
  readonly tally: Tally;
  /** Of those that go on running beside the containers. */
  readonly sidecarTally: Tally;
  /** Why initialization is not over; undefined where it is. */
  readonly reason: string | undefined;
}

function summarizeInitialization(pod: Pod, sidecars: ReadonlySet<string>): Initialization {
  const tally: Tally = { ready: 0, restarts: 0, lastRestartTime: undefined };
  const sidecarTally: Tally = { ...tally };
  const total = (pod.spec.initContainers ?? []).length;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const isSidecar = sidecars.has(status.name);
    countRestarts(tally, status);
    if (isSidecar) countRestarts(sidecarTally, status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (isSidecar && status.started === true) {
      if (status.ready) tally.ready += 1;
      sidecarTally.ready = tally.ready;
      continue;
    }
    return {
      tally,
      sidecarTally,
      reason: `Init:${initReason({ terminated, waiting: waiting?.reason, index, total })}`,
    };
  }
  return { tally, sidecarTally, reason: undefined };
}

function initReason(state: {
  terminated: ContainerStateTerminated | undefined;
  waiting: string | undefined;
  index: number;
  total: number;
}): string {
  if (state.terminated !== undefined) return terminationReason(state.terminated);
  const isTelling =
    state.waiting !== undefined && state.waiting !== '' && state.waiting !== 'PodInitializing';
  return isTelling ? (state.waiting ?? '') : `${state.index}/${state.total}`;
}

function terminationReason({ reason, signal = 0, exitCode }: ContainerStateTerminated): string {
  if (reason !== undefined && reason !== '') return reason;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}

function summarizeContainers(
  pod: Pod,
  { sidecarTally, reason: initReason }: Initialization,
): { tally: Tally; reason: string | undefined } {
  const tally = { ...sidecarTally };
  let reason = initReason;
  let isRunning = false;
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    countRestarts(tally, status);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason !== undefined && waiting.reason !== '') reason = waiting.reason;
    else if (terminated !== undefined) reason = terminationReason(terminated);
    else if (status.ready && running !== undefined) {
      isRunning = true;
      tally.ready += 1;
    }
  }
  if (reason === 'Completed' && isRunning) reason = hasTrueCondition(pod, 'Ready') ? 'Running' : 'NotReady';
  return { tally, reason };
}

function overallStatus({ metadata, status }: Pod, reason: string): string {
  if (metadata.deletionTimestamp === undefined) return reason;
  if (status?.reason === 'NodeLost') return 'Unknown';
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' ? reason : 'Terminating';
}

function countRestarts(tally: Tally, { restartCount, lastState }: ContainerStatus): void {
  tally.restarts += restartCount;
  const ended = lastState?.terminated?.finishedAt;
  if ((parseTimestamp(ended) ?? 0) > (parseTimestamp(tally.lastRestartTime) ?? 0))
    tally.lastRestartTime = ended;
}

function hasTrueCondition({ status }: Pod, wanted: string): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === wanted && condition.status === 'True') ?? false
  );
}
