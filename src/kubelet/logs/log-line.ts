/** One entry of a log file in CRI's format: `TIME STREAM TAG TEXT` (Kubernetes, CRI logging design). */
export interface LogEntry {
  /** As written, RFC 3339 with nanoseconds. */
  readonly time: string;
  /** The entry is the last, or only, part of a line; else more of that line follows. */
  readonly endsLine: boolean;
  readonly text: Uint8Array;
}

const SPACE = 0x20;
const NEWLINE = 0x0a;

/** Reads one entry without its line feed; undefined where it is of another form, as the end of a file that a power cut tore. */
export function parseLogEntry(entry: Uint8Array): LogEntry | undefined {
  const timeEnd = entry.indexOf(SPACE);
  const streamEnd = entry.indexOf(SPACE, timeEnd + 1);
  const tagEnd = entry.indexOf(SPACE, streamEnd + 1);
  if (timeEnd < 0 || streamEnd < 0 || tagEnd < 0) return undefined;
  const time = Buffer.from(entry.subarray(0, timeEnd)).toString('latin1');
  // Tags are separated by colons; the first says whether the line goes on.
  const tag = entry[streamEnd + 1];
  if (!/^\d{4}-\d\d-\d\dT/u.test(time) || (tag !== 0x46 && tag !== 0x50)) return undefined;
  return { time, endsLine: tag === 0x46, text: entry.subarray(tagEnd + 1) };
}

/** Splits bytes that come in pieces into entries; what follows the last line feed waits for the next piece. */
export class LogEntrySplitter {
  #rest: Uint8Array = new Uint8Array(0);

  *push(bytes: Uint8Array): Generator<LogEntry> {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let start = 0;
    for (let end = all.indexOf(NEWLINE, start); end >= 0; end = all.indexOf(NEWLINE, start)) {
      const entry = parseLogEntry(all.subarray(start, end));
      start = end + 1;
      if (entry !== undefined) yield entry;
    }
    // A copy, so that the piece it came in can go.
    this.#rest = all.slice(start);
  }
}
