import type { HTTPGetAction, LifecycleHandler } from '#api/core/probe.ts';
import type { ContainerHook, StoppingContainer } from '#kubelet/hooks/container-hook.ts';
import { portNumber } from '#kubelet/probes/port.ts';
import { StartError } from '#kubelet/start-error.ts';
import { sleep } from '#system/clock.ts';
import { describeError } from '#system/log.ts';

/** The longest that one command or request of a handler may take, in milliseconds; a preStop is ended by its container's grace. */
const HANDLER_TIMEOUT_MS = 3600_000;

/** `lifecycle.postStart` and `lifecycle.preStop`. */
export const lifecycleHook: ContainerHook = {
  name: 'lifecycle',
  async afterStart(context, containerId) {
    const handler = context.spec.lifecycle?.postStart;
    if (handler === undefined) return;
    try {
      await runHandler({ ...context, containerId }, handler);
    } catch (error) {
      context.signal.throwIfAborted();
      context.host.announce(context.pod, {
        eventType: 'Warning',
        reason: 'FailedPostStartHook',
        message: `PostStartHook failed: ${describeError(error)}`,
      });
      throw new StartError('PostStartHookError', describeError(error), { cause: error });
    }
  },
  async beforeStop(context) {
    const handler = context.spec.lifecycle?.preStop;
    if (handler === undefined) return;
    try {
      await runHandler(context, handler);
    } catch (error) {
      if (context.signal.aborted) return;
      context.host.announce(context.pod, {
        eventType: 'Warning',
        reason: 'FailedPreStopHook',
        message: `PreStopHook failed: ${describeError(error)}`,
      });
    }
  },
};

async function runHandler(context: StoppingContainer, handler: LifecycleHandler): Promise<void> {
  if (handler.exec !== undefined) return runCommand(context, handler.exec.command ?? []);
  if (handler.httpGet !== undefined) return runRequest(context, handler.httpGet);
  if (handler.sleep !== undefined)
    return sleep(context.host.clock, handler.sleep.seconds * 1000, context.signal);
}

async function runCommand(
  { host, containerId }: StoppingContainer,
  command: readonly string[],
): Promise<void> {
  const { exitCode, stdout, stderr } = await host.runtime.execSync(containerId, command, HANDLER_TIMEOUT_MS);
  if (exitCode === 0) return;
  throw new Error(`command '${command.join(' ')}' exited with ${exitCode}: ${(stderr || stdout).trim()}`);
}

async function runRequest(
  { host, spec, addresses }: StoppingContainer,
  action: HTTPGetAction,
): Promise<void> {
  const result = await host.prober.http({
    scheme: action.scheme === 'HTTPS' ? 'https' : 'http',
    host: action.host ?? addresses[0] ?? host.hostAddress,
    port: portNumber(spec, action.port),
    path: action.path ?? '/',
    headers: action.httpHeaders ?? [],
    timeoutMs: HANDLER_TIMEOUT_MS,
  });
  if (!result.ok) throw new Error(result.message);
}
