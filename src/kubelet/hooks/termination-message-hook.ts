import type { Container as ContainerSpec } from '#api/core/container.ts';
import type { Container } from '#cri/runtime.ts';
import type { ContainerHook } from '#kubelet/hooks/container-hook.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import { lastLogText } from '#kubelet/logs/last-log-text.ts';

/** Where a container may leave a last word, unless its spec says otherwise. */
const DEFAULT_PATH = '/dev/termination-log';

/** Kubernetes' limits on what is kept of it. */
const MESSAGE_BYTES_MAX = 4096;
const LOG_MESSAGE_BYTES_MAX = 2048;
const LOG_MESSAGE_LINES_MAX = 80;

/** The file for the container's termination message: one for each attempt. */
export const terminationMessageHook: ContainerHook = {
  name: 'termination-message',
  async beforeCreate({ host, pod, spec, attempt }, draft) {
    const hostPath = host.paths.terminationMessage(pod.metadata.uid, spec.name, attempt);
    await host.disk.write(hostPath, '', { mode: 0o666 });
    const containerPath = spec.terminationMessagePath ?? DEFAULT_PATH;
    const mount = { hostPath, containerPath, readOnly: false, propagation: 'private' as const };
    return { ...draft, config: { ...draft.config, mounts: [...draft.config.mounts, mount] } };
  },
};

/**
 * What an ended container has left as its last word; with FallbackToLogsOnError the end of its log where it failed without
 * one. Empty where there is none.
 */
export async function readTerminationMessage(
  host: Pick<KubeletHost, 'disk' | 'paths'>,
  container: Container,
  spec: Pick<ContainerSpec, 'terminationMessagePolicy'> | undefined,
): Promise<string> {
  const path = host.paths.terminationMessage(container.pod.uid, container.name, container.attempt);
  const bytes = await host.disk.readRange(path, 0, MESSAGE_BYTES_MAX);
  if (bytes !== undefined && bytes.length > 0) return Buffer.from(bytes).toString('utf8');
  const hasFailed = container.state.type === 'exited' && container.state.exitCode !== 0;
  if (!hasFailed || spec?.terminationMessagePolicy !== 'FallbackToLogsOnError') return '';
  return lastLogText(host.disk, container.logPath, {
    linesMax: LOG_MESSAGE_LINES_MAX,
    bytesMax: LOG_MESSAGE_BYTES_MAX,
  });
}
