import type { Pod } from '#api/core/pod.ts';
import type { Container, Sandbox } from '#cri/runtime.ts';
import { readTerminationMessage } from '#kubelet/hooks/termination-message-hook.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import { statusOf } from '#kubelet/plan/standing.ts';
import { containerNamed } from '#kubelet/pod-container.ts';
import type { PodRuntime } from '#kubelet/pod-facts.ts';
import type { PodMemory } from '#kubelet/pod-memory.ts';
import type { Probed } from '#kubelet/probes/probe-runner.ts';
import { containerIdOf } from '#kubelet/status/container-status.ts';

/** Keys of events remembered for one pod; at the limit the oldest are forgotten and might be written again. */
const ANNOUNCED_MAX = 64;

/** Notes in a pod's memory what listings do not tell: addresses, and how containers ended. */
export async function learn(memory: PodMemory, host: KubeletHost, runtime: PodRuntime): Promise<void> {
  await learnAddresses(memory, host, runtime.sandboxes[0]);
  for (const container of runtime.containers) {
    if (container.state.type === 'exited' && !memory.exits.has(container.id))
      await learnExit(memory, host, container);
  }
  forgetRemoved(memory, runtime);
}

async function learnAddresses(
  memory: PodMemory,
  host: KubeletHost,
  sandbox: Sandbox | undefined,
): Promise<void> {
  if (sandbox === undefined || sandbox.state !== 'ready') {
    memory.addresses = undefined;
    return;
  }
  if (memory.addresses?.sandboxId === sandbox.id || memory.pod === undefined) return;
  const isOnHost = memory.pod.spec.hostNetwork === true;
  const addresses = isOnHost ? [host.hostAddress] : await host.runtime.sandboxAddresses(sandbox.id);
  memory.addresses = addresses.length === 0 ? undefined : { sandboxId: sandbox.id, addresses };
}

async function learnExit(memory: PodMemory, host: KubeletHost, container: Container): Promise<void> {
  const spec = memory.pod === undefined ? undefined : containerNamed(memory.pod, container.name)?.spec;
  const seenMs = host.clock.monotonic();
  memory.exits.set(container.id, { seenMs, message: await readTerminationMessage(host, container, spec) });
}

/** Nothing is remembered of containers that are no more. */
function forgetRemoved(memory: PodMemory, { containers }: PodRuntime): void {
  const ids = new Set(containers.map(({ id }) => id));
  for (const id of memory.exits.keys()) if (!ids.has(id)) memory.exits.delete(id);
  for (const known of [memory.redefined, memory.failedHooks])
    for (const id of known) if (!ids.has(id)) known.delete(id);
  for (const key of memory.announced) {
    if (memory.announced.size <= ANNOUNCED_MAX) break;
    memory.announced.delete(key);
  }
}

/** The running containers of a pod, as its probes are to see them. */
export function probedContainers(pod: Pod, memory: PodMemory, runtime: PodRuntime): Probed[] {
  const [address] = memory.addresses?.addresses ?? [];
  if (address === undefined) return [];
  return runtime.containers.flatMap((container) => {
    const spec = containerNamed(pod, container.name)?.spec;
    if (spec === undefined || container.state.type !== 'running') return [];
    const status = statusOf(memory.status ?? pod.status, container.name);
    const isSame = status?.containerID === containerIdOf(container);
    const known = { started: isSame && status.started === true, ready: isSame && status.ready };
    return [{ pod, spec, container, address, known }];
  });
}
