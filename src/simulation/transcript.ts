import type { Clock } from '#system/clock.ts';

/** What happened in a run, in order: one line an event, each with its virtual time and place. */
export class Transcript {
  readonly lines: string[] = [];
  readonly #clock: Clock;
  readonly #write: (line: string) => void;

  constructor(clock: Clock, write: (line: string) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Adds a line: `where` is `hub`, a site, or `world`. */
  add(where: string, what: string): void {
    this.line(`${elapsed(this.#clock.monotonic())} ${where.padEnd(6)} ${what}`);
  }

  /** Adds a line without time and place. */
  line(text: string): void {
    this.lines.push(text);
    this.#write(text);
  }
}

/** `HHH:MM:SS.mmm` since the start. */
export function elapsed(ms: number): string {
  const whole = Math.floor(ms);
  const pad = (value: number, width: number): string => String(value).padStart(width, '0');
  const [hours, minutes, seconds] = [
    Math.floor(whole / 3_600_000),
    Math.floor(whole / 60_000) % 60,
    Math.floor(whole / 1000) % 60,
  ];
  return `${pad(hours, 3)}:${pad(minutes, 2)}:${pad(seconds, 2)}.${pad(whole % 1000, 3)}`;
}

/** A duration for people: `350 ms`, `12 s`, `7 min`, `2.5 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
