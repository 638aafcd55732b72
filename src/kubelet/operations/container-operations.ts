import type { Pod } from '#api/core/pod.ts';
import { type ContainerConfig, RuntimeRequestError, type SandboxConfig } from '#cri/runtime.ts';
import { CRASH_STREAK_ANNOTATION, GRACE_SECONDS_ANNOTATION, IMAGE_ANNOTATION } from '#kubelet/annotations.ts';
import type { ContainerContext } from '#kubelet/hooks/container-hook.ts';
import {
  afterContainerStart,
  beforeContainerStop,
  prepareContainer,
} from '#kubelet/hooks/container-hooks.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import type { Slots } from '#kubelet/operations/slots.ts';
import type { PodAction } from '#kubelet/plan/pod-action.ts';
import { containerNamed } from '#kubelet/pod-container.ts';
import { logFileOf } from '#kubelet/pod-paths.ts';
import { StartError, type StartFailure } from '#kubelet/start-error.ts';
import { must } from '#system/assert.ts';
import { describeError } from '#system/log.ts';

/** A container is given at least so long between SIGTERM and SIGKILL, in milliseconds, as upstream does. */
const STOP_GRACE_MS_MIN = 2000;

type Start = Extract<PodAction, { type: 'startContainer' }>;
type Stop = Extract<PodAction, { type: 'stopContainer' }>;

/** What a start needs beside the action. */
export interface StartContext extends Omit<ContainerContext, 'spec' | 'sandbox' | 'attempt'> {
  readonly sandboxConfig: SandboxConfig;
  /** Making and starting takes its turn here; pulling an image does not, as it may take long. */
  readonly starts: Slots;
}

/** Makes and starts a container by its hooks. Resolves once its postStart hook is done; not well where that failed. */
export async function startContainer(
  context: StartContext,
  action: Start,
): Promise<{ containerId: string; isWell: boolean }> {
  const { host, pod, signal } = context;
  const { spec } = must(
    containerNamed(pod, action.name),
    `the plan names a container of the pod, "${action.name}"`,
  );
  const own: ContainerContext = {
    ...context,
    spec,
    sandbox: { id: action.sandboxId },
    attempt: action.attempt,
  };
  const draft = { config: emptyConfig(own, action), image: undefined };
  const config = action.createdId === undefined ? (await prepareContainer(own, draft)).config : undefined;
  const containerId = await context.starts(async () => {
    signal.throwIfAborted();
    const id =
      config === undefined ? (action.createdId ?? '') : await createContainer(context, { action, config });
    await failingAs('RunContainerError', host.runtime.startContainer(id));
    return id;
  });
  host.announce(pod, { eventType: 'Normal', reason: 'Started', message: `Started container ${action.name}` });
  return { containerId, isWell: await isWellAfterStart(own, containerId) };
}

async function createContainer(
  context: StartContext,
  { action, config }: { action: Start; config: ContainerConfig },
): Promise<string> {
  const { host, pod, sandboxConfig } = context;
  const id = await failingAs(
    'CreateContainerError',
    host.runtime.createContainer(action.sandboxId, config, sandboxConfig),
  );
  host.announce(pod, {
    eventType: 'Normal',
    reason: 'Created',
    message: `Created container: ${action.name}`,
  });
  return id;
}

async function isWellAfterStart(context: ContainerContext, containerId: string): Promise<boolean> {
  try {
    await afterContainerStart(context, containerId);
    return true;
  } catch (error) {
    if (error instanceof StartError && error.reason === 'PostStartHookError') return false;
    throw error;
  }
}

function emptyConfig({ pod, spec, attempt }: ContainerContext, { streak }: Start): ContainerConfig {
  return {
    name: spec.name,
    attempt,
    image: '',
    command: [],
    args: [],
    workingDir: spec.workingDir ?? '',
    env: [],
    mounts: [],
    devices: [],
    logPath: logFileOf(spec.name, attempt),
    stdin: spec.stdin ?? false,
    stdinOnce: spec.stdinOnce ?? false,
    tty: spec.tty ?? false,
    labels: {},
    annotations: {
      [IMAGE_ANNOTATION]: spec.image ?? '',
      [CRASH_STREAK_ANNOTATION]: String(streak),
      [GRACE_SECONDS_ANNOTATION]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    resources: {},
    security: {
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      readOnlyRootFilesystem: false,
      noNewPrivileges: false,
      supplementalGroups: [],
      seccomp: { type: 'runtimeDefault' },
    },
  };
}

/** What the runtime refuses is a failed start; that it does not answer is not the pod's fault and stays what it is. */
async function failingAs<T>(reason: StartFailure, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RuntimeRequestError)
      throw new StartError(reason, describeError(error), { cause: error });
    throw error;
  }
}

/** Runs the preStop hook, then stops the container; the deadline counts for both together. */
export async function stopContainer(
  context: { host: KubeletHost; pod: Pod | undefined; addresses: readonly string[]; signal: AbortSignal },
  action: Stop,
): Promise<void> {
  const { host, pod, signal } = context;
  const spec = pod === undefined ? undefined : containerNamed(pod, action.name)?.spec;
  if (pod !== undefined) {
    const message = action.message ?? `Stopping container ${action.name}`;
    host.announce(pod, { eventType: 'Normal', reason: 'Killing', message });
  }
  if (pod !== undefined && spec?.lifecycle?.preStop !== undefined) {
    const stopping = {
      host,
      pod,
      spec,
      addresses: context.addresses,
      signal,
      containerId: action.containerId,
    };
    await untilDeadline(host, beforeContainerStop(stopping), { deadlineMs: action.deadlineMs, signal });
  }
  if (signal.aborted) return;
  const leftMs = Math.max(STOP_GRACE_MS_MIN, action.deadlineMs - host.clock.monotonic());
  await host.runtime.stopContainer(action.containerId, Math.ceil(leftMs / 1000));
}

/** Waits for work, but no longer than until a deadline or an abort; the work itself is not ended by either. */
function untilDeadline(
  host: KubeletHost,
  work: Promise<void>,
  limit: { deadlineMs: number; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      limit.signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = host.clock.after(Math.max(0, limit.deadlineMs - host.clock.monotonic()), done);
    limit.signal.addEventListener('abort', done, { once: true });
    void work.finally(done);
  });
}
