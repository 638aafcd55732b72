import { chainLine, GENESIS, type Link, readLine } from '#apiserver/audit/hash-chain.ts';
import { type Clock, timestamp } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { Log } from '#system/log.ts';

/** A file is closed and the next one begun at this size, in bytes. */
export const AUDIT_FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Files that are kept; with one more the oldest is removed. */
export const AUDIT_FILES_MAX = 16;
/** Lines that wait to be written, in characters; at it further events are dropped, and a line says how many. */
export const AUDIT_BUFFER_CHARS_MAX = 16 * 1024 * 1024;
/** The longest that a line waits until it is written and synced to the disk, in milliseconds. */
export const AUDIT_FLUSH_MS_MAX = 200;
/** How much of a file's end is looked at for its last line, in bytes: more than a line can be. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** The anchor's name, beside the folder of the log and outside of it. */
export const AUDIT_ANCHOR = 'audit-anchor.json';

/** How far the log has come, kept apart from it: without it nobody could tell that the end was cut off. */
export interface AuditAnchor {
  /** The last line that was on the disk when the anchor was written. */
  readonly head: Link;
  /** What the oldest kept line follows: {@link GENESIS}, until old files are removed. */
  readonly base: Link;
}

/** `audit-00000001.log`. */
export function auditFileName(number: number): string {
  return `audit-${String(number).padStart(8, '0')}.log`;
}

/** The numbers of the files in an audit folder, rising. */
export function auditFileNumbers(names: readonly string[]): number[] {
  return names
    .flatMap((name) => /^audit-(\d{8,})\.log$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

export interface AuditLogOptions {
  /** Where everything is kept: the log in `audit/`, its anchor beside that. */
  readonly dataFolder: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  /** {@link AUDIT_FILE_BYTES_MAX} where absent. */
  readonly fileBytesMax?: number;
}

/** Lines that are written at once. */
interface Batch {
  readonly bytes: Buffer;
  readonly chars: number;
  /** Its last line. */
  readonly head: Link;
  /** Whether a part of it may be in the file. */
  isRetried: boolean;
}

/**
 * Lines chained by hash in files that follow each other. A line is on the disk {@link AUDIT_FLUSH_MS_MAX} after it was told, at
 * the latest, but for the time of the write; what a power cut tears off is stated at the next start.
 */
export class AuditLog implements AsyncDisposable {
  readonly #options: AuditLogOptions;
  readonly #folder: string;
  #head: Link;
  #base: Link;
  #file: number;
  #fileBytes: number;
  #waiting: string[] = [];
  #waitingChars = 0;
  #dropped = 0;
  /** The last line that is on the disk. */
  #written: Link;
  /** Lines that are being written, or could not be. */
  #begun: Batch | undefined;
  #flushing: Promise<boolean> | undefined;
  #isTimed = false;

  private constructor(
    options: AuditLogOptions,
    state: { head: Link; base: Link; file: number; fileBytes: number },
  ) {
    this.#options = options;
    this.#folder = `${options.dataFolder}/audit`;
    this.#head = state.head;
    this.#written = state.head;
    this.#base = state.base;
    this.#file = state.file;
    this.#fileBytes = state.fileBytes;
  }

  /** Goes on where the log ends. What a crash left half written is cut off, and said: in the server's log and in this one. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { dataFolder, disk, clock, log } = options;
    const folder = `${dataFolder}/audit`;
    const anchor = await readAnchor(disk, dataFolder);
    const numbers = auditFileNumbers(await disk.list(folder));
    const file = numbers.at(-1) ?? 1;
    const path = `${folder}/${auditFileName(file)}`;
    const tail = await repairTail(disk, path);
    const head =
      tail.link ??
      (numbers.length > 1
        ? await lastLink(disk, `${folder}/${auditFileName(numbers.at(-2) ?? 1)}`)
        : undefined) ??
      anchor?.head ??
      GENESIS;
    const audit = new AuditLog(options, { head, base: anchor?.base ?? GENESIS, file, fileBytes: tail.bytes });
    const lost = Math.max(0, (anchor?.head.sequence ?? 0) - head.sequence);
    if (tail.tornBytes > 0)
      log.warn('the last line of the audit log was torn and is cut off', { path, bytes: tail.tornBytes });
    if (lost > 0)
      log.error('the audit log is shorter than its anchor says: lines were removed', { path, lines: lost });
    audit.append(
      `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"start","stage":"ResponseComplete","requestURI":"","verb":"start","user":{},"requestReceivedTimestamp":"${timestamp(clock.now())}","stageTimestamp":"${timestamp(clock.now())}","annotations":{"skerry.io/audit":"the log goes on","skerry.io/torn-bytes":"${tail.tornBytes}","skerry.io/missing-lines":"${lost}"}}`,
    );
    await audit.flush();
    return audit;
  }

  /** Takes one event: the text of a JSON object. Never waits, never throws. */
  append(body: string): void {
    if (this.#waitingChars > AUDIT_BUFFER_CHARS_MAX) {
      this.#dropped += 1;
      return;
    }
    const { line, link } = chainLine(this.#head, body);
    this.#head = link;
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    this.#schedule();
  }

  /**
   * Resolves with true when everything told so far is on the disk; with false where it could not be written, which is logged and
   * tried again. Who calls meanwhile shares the next write.
   */
  async flush(): Promise<boolean> {
    const target = this.#head.sequence;
    while (this.#written.sequence < target) {
      this.#flushing ??= this.#write().finally(() => {
        this.#flushing = undefined;
      });
      if (!(await this.#flushing)) return false;
    }
    return true;
  }

  #schedule(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#options.clock.after(AUDIT_FLUSH_MS_MAX, () => {
      this.#isTimed = false;
      void this.flush();
    });
  }

  async #write(): Promise<boolean> {
    const { disk, log } = this.#options;
    const batch = (this.#begun ??= this.#take());
    const path = `${this.#folder}/${auditFileName(this.#file)}`;
    try {
      // Of a batch that failed, what has reached the file is not written again.
      const reached = batch.isRetried ? ((await disk.stat(path))?.sizeBytes ?? 0) - this.#fileBytes : 0;
      batch.isRetried = true;
      const rest = batch.bytes.subarray(Math.min(Math.max(reached, 0), batch.bytes.length));
      await disk.append(path, rest, { sync: true });
    } catch (error) {
      log.error('the audit log cannot be written', { waiting: this.#waiting.length, error });
      this.#schedule();
      return false;
    }
    this.#begun = undefined;
    this.#waitingChars -= batch.chars;
    this.#fileBytes += batch.bytes.length;
    this.#written = batch.head;
    try {
      await this.#writeAnchor(batch.head);
      if (this.#fileBytes >= (this.#options.fileBytesMax ?? AUDIT_FILE_BYTES_MAX))
        await this.#rotate(batch.head);
    } catch (error) {
      // The next lines bring the next anchor.
      log.error('the anchor of the audit log cannot be written', { error });
    }
    this.#tellDropped();
    return true;
  }

  /** All lines that wait. */
  #take(): Batch {
    const bytes = Buffer.from(`${this.#waiting.join('\n')}\n`);
    const batch = { bytes, chars: this.#waitingChars, head: this.#head, isRetried: false };
    this.#waiting = [];
    return batch;
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    this.#dropped = 0;
    const now = timestamp(this.#options.clock.now());
    this.append(
      `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"dropped","stage":"Panic","requestURI":"","verb":"dropped","user":{},"requestReceivedTimestamp":"${now}","stageTimestamp":"${now}","annotations":{"skerry.io/audit":"events were dropped: the disk was too slow or full","skerry.io/dropped-events":"${count}"}}`,
    );
  }

  async #rotate(head: Link): Promise<void> {
    const { disk } = this.#options;
    this.#file += 1;
    this.#fileBytes = 0;
    const numbers = auditFileNumbers(await disk.list(this.#folder));
    const old = numbers.slice(0, Math.max(0, numbers.length + 1 - AUDIT_FILES_MAX));
    for (const number of old) {
      const path = `${this.#folder}/${auditFileName(number)}`;
      this.#base = (await lastLink(disk, path)) ?? this.#base;
      // First the anchor: a file that is still there although it need not be is no gap.
      await this.#writeAnchor(head);
      await disk.remove(path);
    }
  }

  #writeAnchor(head: Link): Promise<void> {
    const anchor: AuditAnchor = { head, base: this.#base };
    return this.#options.disk.write(
      `${this.#options.dataFolder}/${AUDIT_ANCHOR}`,
      `${JSON.stringify(anchor)}\n`,
      { mode: 0o600 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }
}

/** The anchor of a data folder; undefined where there is none that can be read. */
export async function readAnchor(disk: Disk, dataFolder: string): Promise<AuditAnchor | undefined> {
  const bytes = await disk.read(`${dataFolder}/${AUDIT_ANCHOR}`);
  if (bytes === undefined) return undefined;
  try {
    const anchor = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<AuditAnchor> | null;
    return typeof anchor?.head?.sequence === 'number' && typeof anchor.base?.sequence === 'number'
      ? (anchor as AuditAnchor)
      : undefined;
  } catch {
    // Not JSON: verification says that it is missing.
    return undefined;
  }
}

async function lastLink(disk: Disk, path: string): Promise<Link | undefined> {
  return (await repairedTail(disk, path)).link;
}

async function repairedTail(
  disk: Disk,
  path: string,
): Promise<{ link: Link | undefined; bytes: number; keptBytes: number }> {
  const stat = await disk.stat(path);
  const bytes = stat?.sizeBytes ?? 0;
  const start = Math.max(0, bytes - TAIL_BYTES);
  const tail = Buffer.from((await disk.readRange(path, start, bytes - start)) ?? new Uint8Array());
  const end = tail.lastIndexOf(0x0a);
  const begin = end < 0 ? -1 : tail.lastIndexOf(0x0a, end - 1);
  const line = end < 0 ? '' : tail.subarray(begin + 1, end).toString('utf8');
  return { link: readLine(line)?.link, bytes, keptBytes: start + end + 1 };
}

/** Cuts off what follows the last end of line. */
async function repairTail(
  disk: Disk,
  path: string,
): Promise<{ link: Link | undefined; bytes: number; tornBytes: number }> {
  const { link, bytes, keptBytes } = await repairedTail(disk, path);
  const tornBytes = bytes - keptBytes;
  if (tornBytes > 0) {
    const kept = (await disk.readRange(path, 0, keptBytes)) ?? new Uint8Array();
    await disk.write(path, kept);
  }
  return { link, bytes: keptBytes, tornBytes };
}
