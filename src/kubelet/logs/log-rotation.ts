import type { Container } from '#cri/runtime.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import { rotatedFilesOf } from '#kubelet/logs/log-files.ts';
import { pause } from '#system/clock.ts';

/** A log larger than this, in bytes, is set aside. Kubernetes' containerLogMaxSize. */
export const LOG_FILE_BYTES_MAX = 10 * 1024 * 1024;

/** Files kept of each log, the one that is written to among them; the oldest is removed. Kubernetes' containerLogMaxFiles. */
export const LOG_FILES_MAX = 5;

/** Between two looks at the sizes of logs, in milliseconds. */
const LOOK_MS = 10_000;

/** Looks after the logs of running containers until `signal` aborts. */
export async function rotateLogs(
  {
    host,
    containers,
  }: {
    host: Pick<KubeletHost, 'disk' | 'runtime' | 'clock' | 'log'>;
    containers: () => readonly Pick<Container, 'id' | 'logPath' | 'state'>[];
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(host.clock, LOOK_MS, signal);
    for (const container of containers()) {
      if (container.state.type !== 'running') continue;
      try {
        await rotateLog(host, container);
      } catch (error) {
        host.log.warn('a log could not be rotated', { logPath: container.logPath, error });
      }
    }
  }
}

/** Sets a running container's log aside where it has become too large. A log that cannot be reopened stays as it was. */
export async function rotateLog(
  { disk, runtime }: Pick<KubeletHost, 'disk' | 'runtime'>,
  container: { id: string; logPath: string },
): Promise<void> {
  const { logPath } = container;
  const stat = await disk.stat(logPath);
  if (stat === undefined || stat.sizeBytes <= LOG_FILE_BYTES_MAX) return;
  const rotated = await rotatedFilesOf(disk, logPath);
  const surplus = rotated.slice(0, Math.max(0, rotated.length - (LOG_FILES_MAX - 2)));
  for (const path of surplus) await disk.remove(path);
  const aside = nextName(logPath, rotated.at(-1));
  await disk.rename(logPath, aside);
  try {
    await runtime.reopenLog(container.id);
  } catch (error) {
    if ((await disk.stat(logPath)) === undefined) await disk.rename(aside, logPath);
    throw error;
  }
}

/** Numbered, not dated: a clock that is set back must not change the order. */
function nextName(logPath: string, last: string | undefined): string {
  const number = last === undefined ? 0 : Number(last.slice(logPath.length + 1));
  return `${logPath}.${String((Number.isInteger(number) ? number : 0) + 1).padStart(6, '0')}`;
}
