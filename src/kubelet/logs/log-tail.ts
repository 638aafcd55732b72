import type { LogFile } from '#kubelet/logs/log-files.ts';
import type { Disk } from '#system/disk.ts';

/** Read at a time, in bytes. */
export const LOG_BLOCK_BYTES = 64 * 1024;

/** Where in a container's log to begin: a file by its index, and an offset in it. */
export interface LogPosition {
  readonly file: number;
  readonly offset: number;
}

const NEWLINE = 0x0a;

/**
 * Where the last `lines` lines begin, found from the end in blocks, across rotated files. A line may be of several entries:
 * it ends with the one that is tagged F.
 */
export async function tailPosition(
  disk: Disk,
  files: readonly LogFile[],
  lines: number,
): Promise<LogPosition> {
  const last = files.length - 1;
  if (lines <= 0) return { file: Math.max(0, last), offset: files[last]?.sizeBytes ?? 0 };
  // The line that is being written, if any, is one of the last too; what ends it counts when the one before begins.
  let left = lines;
  for (let index = last; index >= 0; index--) {
    const file = files[index];
    if (file === undefined) continue;
    const found = await scanBackwards(disk, file, left);
    if (found.offset !== undefined) return { file: index, offset: found.offset };
    left -= found.lines;
  }
  return { file: 0, offset: 0 };
}

/** Looks for the end of the line before the last `lines` ones; without it, says how many lines end in the file. */
async function scanBackwards(
  disk: Disk,
  file: LogFile,
  lines: number,
): Promise<{ offset?: number; lines: number }> {
  let count = 0;
  let carried: Uint8Array = new Uint8Array(0);
  for (let end = file.sizeBytes; end > 0; ) {
    const start = Math.max(0, end - LOG_BLOCK_BYTES);
    const block = (await disk.readRange(file.path, start, end - start)) ?? new Uint8Array(0);
    const bytes = Buffer.concat([block, carried]);
    let entryEnd = bytes.length;
    for (
      let at = bytes.lastIndexOf(NEWLINE, entryEnd - 1);
      at >= 0;
      at = at === 0 ? -1 : bytes.lastIndexOf(NEWLINE, at - 1)
    ) {
      // The entry before this line feed is looked at once its own start is known.
      const entryStart = at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1;
      if (entryStart === 0 && start > 0) break;
      if (endsLine(bytes.subarray(entryStart, at))) {
        if (count === lines) return { offset: start + at + 1, lines: count };
        count += 1;
      }
      entryEnd = entryStart;
    }
    carried = bytes.subarray(0, entryEnd);
    end = start;
  }
  return { lines: count };
}

function endsLine(entry: Uint8Array): boolean {
  const text = Buffer.from(entry.subarray(0, 64)).toString('latin1');
  return /^\S+ \S+ F/u.test(text);
}
