import type { Clock, Timer } from '#system/clock.ts';

/**
 * Keys that wait to be worked on. A key stands in it once, however often it is added; a key that is being worked on is
 * taken up again afterwards. Order is first in, first out.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #ready: string[] = [];
  readonly #queued = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { atMs: number; timer: Timer }>();
  /** Those who wait for a key; one is woken for each key that becomes ready. */
  readonly #takers: (() => void)[] = [];
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keys that wait now, the delayed ones not counted. */
  get depth(): number {
    return this.#ready.length + this.#again.size;
  }

  /** Whether nothing waits, works or is delayed by less than `horizonMs`. */
  isIdle(horizonMs = 0): boolean {
    const soonMs = this.#clock.monotonic() + horizonMs;
    return (
      this.depth === 0 &&
      this.#working.size === 0 &&
      ![...this.#delayed.values()].some((d) => d.atMs <= soonMs)
    );
  }

  add(key: string): void {
    if (this.#closed || this.#queued.has(key)) return;
    this.#cancelDelay(key);
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#queued.add(key);
    this.#ready.push(key);
    this.#wake();
  }

  /** Adds a key after a time; the earliest of several delays counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed || this.#queued.has(key)) return;
    const atMs = this.#clock.monotonic() + delayMs;
    const pending = this.#delayed.get(key);
    if (pending !== undefined && pending.atMs <= atMs) return;
    pending?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { atMs, timer });
  }

  /** The next key, now being worked on until {@link done}; undefined once the queue is closed. */
  async take(): Promise<string | undefined> {
    while (!this.#closed) {
      const key = this.#ready.shift();
      if (key !== undefined) {
        this.#queued.delete(key);
        this.#working.add(key);
        return key;
      }
      await new Promise<void>((resolve) => {
        this.#takers.push(resolve);
      });
    }
    return undefined;
  }

  /** Work on `key` is over. */
  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Nothing is handed out any more; waiting takers get undefined. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const wake of this.#takers.splice(0)) wake();
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.timer.cancel();
    this.#delayed.delete(key);
  }

  #wake(): void {
    this.#takers.shift()?.();
  }
}
