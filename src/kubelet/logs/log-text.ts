import type { LogEntry } from '#kubelet/logs/log-line.ts';
import { parseTimestamp } from '#system/clock.ts';

/** How entries are turned into what `kubectl logs` prints. */
export interface LogTextOptions {
  readonly timestamps: boolean;
  /** Entries before this time are left out, milliseconds since 1970. */
  readonly sinceMs?: number;
  readonly limitBytes?: number;
}

const LINE_FEED = Buffer.from('\n');

/** Turns entries into text, and ends where the limit of bytes is reached. */
export class LogTextWriter {
  readonly #options: LogTextOptions;
  #leftBytes: number;
  #atLineStart = true;

  constructor(options: LogTextOptions) {
    this.#options = options;
    this.#leftBytes = options.limitBytes ?? Infinity;
  }

  /** The limit of bytes is reached. */
  get isFull(): boolean {
    return this.#leftBytes <= 0;
  }

  /** The text of these entries; empty where all are left out. */
  write(entries: Iterable<LogEntry>): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const entry of entries) {
      if (this.isFull) break;
      if (this.#isBefore(entry)) continue;
      for (const part of this.#partsOf(entry)) parts.push(this.#limited(part));
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  #isBefore({ time }: LogEntry): boolean {
    const { sinceMs } = this.#options;
    return sinceMs !== undefined && (parseTimestamp(time) ?? sinceMs) < sinceMs;
  }

  #partsOf({ time, text, endsLine }: LogEntry): Uint8Array[] {
    const isStamped = this.#options.timestamps && this.#atLineStart;
    this.#atLineStart = endsLine;
    return [...(isStamped ? [Buffer.from(`${time} `)] : []), text, ...(endsLine ? [LINE_FEED] : [])];
  }

  #limited(part: Uint8Array): Uint8Array {
    const kept = part.subarray(0, Math.min(part.length, Math.max(0, this.#leftBytes)));
    this.#leftBytes -= kept.length;
    return kept;
  }
}
