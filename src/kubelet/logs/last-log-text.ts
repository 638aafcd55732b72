import { logFilesOf } from '#kubelet/logs/log-files.ts';
import { LogEntrySplitter } from '#kubelet/logs/log-line.ts';
import { tailPosition } from '#kubelet/logs/log-tail.ts';
import type { Disk } from '#system/disk.ts';

/** The end of a log as text, limited in lines and in bytes; empty where there is no log. */
export async function lastLogText(
  disk: Disk,
  logPath: string,
  limit: { linesMax: number; bytesMax: number },
): Promise<string> {
  const file = (await logFilesOf(disk, logPath)).at(-1);
  if (file === undefined) return '';
  const { offset } = await tailPosition(disk, [file], limit.linesMax);
  // Entries carry a time stamp and tags: twice the limit and a margin hold what is asked for.
  const start = Math.max(offset, file.sizeBytes - 2 * limit.bytesMax - 64 * limit.linesMax);
  const bytes = (await disk.readRange(file.path, start, file.sizeBytes - start)) ?? new Uint8Array(0);
  const entries = [...new LogEntrySplitter().push(bytes)];
  const text = entries
    .map((entry) => Buffer.from(entry.text).toString('utf8') + (entry.endsLine ? '\n' : ''))
    .join('');
  const whole = Buffer.from(text);
  return whole.subarray(Math.max(0, whole.length - limit.bytesMax)).toString('utf8');
}
