import type { Pod } from '#api/core/pod.ts';
import type { ContainerStatus } from '#api/core/pod-status.ts';
import { badRequest } from '#api/status.ts';
import type { LogOptions, PodAccess, PodStream } from '#apiserver/pod-access.ts';
import { RuntimeRequestError, type StreamRequest } from '#cri/runtime.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import { readLog } from '#kubelet/logs/read-log.ts';
import { statusOf } from '#kubelet/plan/standing.ts';
import { containerNamed } from '#kubelet/pod-container.ts';
import { logFileOf } from '#kubelet/pod-paths.ts';
import type { RuntimeObserver } from '#kubelet/runtime-observer.ts';
import { identityOf } from '#kubelet/sandbox/sandbox-config.ts';

interface PodAccessOptions {
  readonly host: Pick<KubeletHost, 'disk' | 'clock' | 'paths' | 'runtime'>;
  readonly observer: Pick<RuntimeObserver, 'of'>;
}

/** The way of `kubectl logs`, `exec`, `attach` and `port-forward` into the pods of this host. */
export function createPodAccess({ host, observer }: PodAccessOptions): PodAccess {
  return {
    logs: (pod, options, signal) => logsOf(pod, options, { host, observer, signal }),
    async streamUrl(pod, stream) {
      const request = requestOf(pod, stream, observer);
      try {
        return await host.runtime.streamUrl(request);
      } catch (cause) {
        if (!(cause instanceof RuntimeRequestError) || cause.code !== 'UNIMPLEMENTED') throw cause;
        throw badRequest(`${stream.type} is not possible in this pod: ${cause.message}`);
      }
    },
  };
}

function logsOf(
  pod: Pod,
  options: LogOptions,
  context: PodAccessOptions & { signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const { disk, clock, paths } = context.host;
  const attempt = attemptOf(pod, options);
  const isGrowing = (): boolean =>
    context.observer
      .of(pod.metadata.uid)
      .containers.some(
        (container) =>
          container.name === options.container &&
          container.attempt === attempt &&
          container.state.type === 'running',
      );
  return readLog(
    {
      disk,
      clock,
      logPath: `${paths.logFolder(identityOf(pod))}/${logFileOf(options.container, attempt)}`,
      timestamps: options.timestamps,
      ...(options.sinceMs === undefined ? {} : { sinceMs: options.sinceMs }),
      ...(options.tailLines === undefined ? {} : { tailLines: options.tailLines }),
      ...(options.limitBytes === undefined ? {} : { limitBytes: options.limitBytes }),
      ...(options.follow ? { isGrowing } : {}),
    },
    context.signal,
  );
}

/**
 * Which attempt's log is asked for, by the container's status: while it waits to be started again, the last one that ran.
 * Throws BadRequest in upstream's words where it has none.
 */
export function attemptOf(
  pod: Pod,
  { container, previous }: Pick<LogOptions, 'container' | 'previous'>,
): number {
  const { name } = pod.metadata;
  if (containerNamed(pod, container) === undefined)
    throw badRequest(`container ${container} is not valid for pod ${name}`);
  const status = statusOf(pod.status, container);
  if (status === undefined) throw badRequest(`container "${container}" in pod "${name}" is not available`);
  const hasRunBefore = status.lastState?.terminated !== undefined;
  const isWaiting = status.state?.running === undefined && status.state?.terminated === undefined;
  if (previous) {
    if (!hasRunBefore)
      throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
    return isWaiting ? status.restartCount : status.restartCount - 1;
  }
  if (isWaiting && !hasRunBefore)
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ${waitingFor(status)}`);
  return status.restartCount;
}

function waitingFor({ state }: ContainerStatus): string {
  switch (state?.waiting?.reason) {
    case 'ErrImagePull':
      return "image can't be pulled";
    case 'ImagePullBackOff':
      return 'trying and failing to pull image';
    default:
      return state?.waiting?.reason ?? 'ContainerCreating';
  }
}

function requestOf(pod: Pod, stream: PodStream, observer: PodAccessOptions['observer']): StreamRequest {
  const { sandboxes, containers } = observer.of(pod.metadata.uid);
  if (stream.type === 'portForward') {
    const sandbox = sandboxes.find(({ state }) => state === 'ready');
    if (sandbox === undefined) throw badRequest(`pod "${pod.metadata.name}" is not running`);
    return { type: 'portForward', sandboxId: sandbox.id, ports: stream.ports };
  }
  const { container: name, ...request } = stream;
  const running = containers.find(
    (container) => container.name === name && container.state.type === 'running',
  );
  if (running === undefined) throw badRequest(`container not found ("${name}")`);
  return { ...request, containerId: running.id };
}
