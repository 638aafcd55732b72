import { logFilesOf, rotatedFilesOf } from '#kubelet/logs/log-files.ts';
import { LogEntrySplitter } from '#kubelet/logs/log-line.ts';
import { LOG_BLOCK_BYTES, tailPosition } from '#kubelet/logs/log-tail.ts';
import { type LogTextOptions, LogTextWriter } from '#kubelet/logs/log-text.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';

/** Between two looks at a log that is followed, in milliseconds. */
const FOLLOW_POLL_MS = 200;

/** Which log is read, and how much of it. */
export interface ReadLogOptions extends LogTextOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logPath: string;
  /** Only the last lines; all where absent. */
  readonly tailLines?: number;
  /** Goes on until this is false and the log is read to its end; not at all where absent. */
  readonly isGrowing?: () => boolean;
}

/**
 * A container's log as `kubectl logs` prints it, the files set aside by rotation included; a rotation meanwhile loses nothing.
 * One that is not followed ends where it ended when it was asked for: its last lines stay those.
 */
export async function* readLog(options: ReadLogOptions, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { disk, logPath } = options;
  const files = await logFilesOf(disk, logPath);
  const rotated = new Set(await rotatedFilesOf(disk, logPath));
  const begin =
    options.tailLines === undefined
      ? { file: 0, offset: 0 }
      : await tailPosition(disk, files, options.tailLines);
  const reader = new LogReader(options);
  for (const [index, file] of files.entries()) {
    if (index < begin.file || file.path === logPath) continue;
    yield* reader.read(file.path, { from: index === begin.file ? begin.offset : 0 }, signal);
  }
  const isCurrentFirst = files[begin.file]?.path === logPath;
  const current = files.find(({ path }) => path === logPath);
  const until = options.isGrowing === undefined ? (current?.sizeBytes ?? 0) : Number.POSITIVE_INFINITY;
  yield* reader.read(logPath, { from: isCurrentFirst ? begin.offset : 0, until }, signal);
  if (options.isGrowing !== undefined)
    yield* follow(reader, { ...options, isGrowing: options.isGrowing, rotated }, signal);
}

async function* follow(
  reader: LogReader,
  options: ReadLogOptions & { isGrowing: () => boolean; rotated: Set<string> },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { disk, clock, logPath, rotated } = options;
  let offset = reader.offset;
  while (!signal.aborted && !reader.isFull) {
    // Asked before reading: what was written before the end is read before the follower ends.
    const isGrowing = options.isGrowing();
    for (const path of await rotatedFilesOf(disk, logPath)) {
      if (rotated.has(path)) continue;
      rotated.add(path);
      yield* reader.read(path, { from: offset }, signal);
      offset = 0;
    }
    yield* reader.read(logPath, { from: offset }, signal);
    offset = reader.offset;
    if (!isGrowing) return;
    await pause(clock, FOLLOW_POLL_MS, signal);
  }
}

/** Reads files block by block into text. */
class LogReader {
  readonly #disk: Disk;
  readonly #writer: LogTextWriter;
  readonly #splitter = new LogEntrySplitter();
  /** Where the last read ended. */
  offset = 0;

  constructor(options: ReadLogOptions) {
    this.#disk = options.disk;
    this.#writer = new LogTextWriter(options);
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  /** `until` is the place where to stop, in bytes; the end of the file where absent. */
  async *read(
    path: string,
    { from, until = Number.POSITIVE_INFINITY }: { readonly from: number; readonly until?: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    this.offset = from;
    while (!signal.aborted && !this.isFull && this.offset < until) {
      const length = Math.min(LOG_BLOCK_BYTES, until - this.offset);
      const bytes = await this.#disk.readRange(path, this.offset, length);
      if (bytes === undefined || bytes.length === 0) return;
      this.offset += bytes.length;
      const text = this.#writer.write(this.#splitter.push(bytes));
      if (text.length > 0) yield text;
    }
  }
}
