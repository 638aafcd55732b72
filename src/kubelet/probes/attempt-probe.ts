import type { Container as ContainerSpec } from '#api/core/container.ts';
import type { HTTPGetAction, Probe } from '#api/core/probe.ts';
import { type Runtime, RuntimeUnavailableError } from '#cri/runtime.ts';
import { portNumber } from '#kubelet/probes/port.ts';
import { describeError } from '#system/log.ts';
import type { ProbeResult, Prober } from '#system/probe.ts';

/** Output of a failed command quoted in an event, in characters. */
const OUTPUT_CHARS_MAX = 400;

/** What a probe is tried on. */
export interface ProbeTarget {
  readonly containerId: string;
  readonly spec: Pick<ContainerSpec, 'name' | 'ports'>;
  /** The pod's address, or the host's for a pod on its network. */
  readonly address: string;
}

/** Tries a probe once. Never rejects; undefined where nothing can be said because the runtime does not answer. */
export async function attemptProbe(
  probe: Probe,
  target: ProbeTarget,
  context: { prober: Prober; runtime: Runtime; timeoutMs: number },
): Promise<ProbeResult | undefined> {
  try {
    return await attempt(probe, target, context);
  } catch (error) {
    return error instanceof RuntimeUnavailableError
      ? undefined
      : { ok: false, message: describeError(error) };
  }
}

async function attempt(
  probe: Probe,
  { containerId, spec, address }: ProbeTarget,
  { prober, runtime, timeoutMs }: { prober: Prober; runtime: Runtime; timeoutMs: number },
): Promise<ProbeResult> {
  if (probe.exec !== undefined)
    return attemptCommand(probe.exec.command ?? [], { runtime, containerId, timeoutMs });
  if (probe.httpGet !== undefined)
    return prober.http({ ...requestOf(probe.httpGet, spec, address), timeoutMs });
  if (probe.tcpSocket !== undefined) {
    const { host, port } = probe.tcpSocket;
    return prober.tcp({ host: host ?? address, port: portNumber(spec, port), timeoutMs });
  }
  if (probe.grpc !== undefined)
    return prober.grpc({
      host: address,
      port: probe.grpc.port,
      service: probe.grpc.service ?? '',
      timeoutMs,
    });
  return { ok: false, message: 'the probe names no handler' };
}

async function attemptCommand(
  command: readonly string[],
  { runtime, containerId, timeoutMs }: { runtime: Runtime; containerId: string; timeoutMs: number },
): Promise<ProbeResult> {
  const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutMs);
  return exitCode === 0
    ? { ok: true }
    : { ok: false, message: `${stdout}${stderr}`.slice(0, OUTPUT_CHARS_MAX) };
}

function requestOf(action: HTTPGetAction, spec: ProbeTarget['spec'], address: string) {
  return {
    scheme: action.scheme === 'HTTPS' ? ('https' as const) : ('http' as const),
    host: action.host ?? address,
    port: portNumber(spec, action.port),
    path: action.path ?? '/',
    headers: action.httpHeaders ?? [],
  };
}
