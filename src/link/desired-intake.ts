import type { DesiredEntry } from '#link/wire.ts';
import { type Backoff, createBackoff } from '#system/backoff.ts';
import type { Clock, Timer } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** First and longest wait before an entry that could not be taken in is tried again, in milliseconds. */
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 5 * 60_000;

export interface DesiredIntakeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Takes an entry into the site's own API; rejects where that cannot be. */
  readonly accept: (entry: DesiredEntry) => Promise<'accepted' | 'gone'>;
  /** Nothing is here of what an entry wants removed. */
  readonly onGone: (entry: DesiredEntry) => void;
  /** An entry could not be taken in; it is tried again. */
  readonly onRefused: (entry: DesiredEntry, error: Error) => void;
}

/**
 * Takes entries of desired state in, one after the other. One that cannot be taken in holds up no other: it is tried again,
 * each time later, until a newer one of the same instance takes its place.
 */
export class DesiredIntake {
  readonly #options: DesiredIntakeOptions;
  /** The newest entry of each instance that is not taken in yet. */
  readonly #waiting = new Map<
    string,
    { readonly entry: DesiredEntry; readonly backoff: Backoff; timer?: Timer }
  >();
  #taking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: DesiredIntakeOptions) {
    this.#options = options;
  }

  receive(entries: readonly DesiredEntry[]): void {
    const { random } = this.#options;
    for (const entry of entries) {
      const key = keyOf(entry);
      this.#waiting.get(key)?.timer?.cancel();
      const backoff = createBackoff(random, { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
      this.#waiting.set(key, { entry, backoff });
      this.#queue(entry);
    }
  }

  /** Nothing more is begun; what is being taken in is taken in. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#waiting.values()) timer?.cancel();
    this.#waiting.clear();
  }

  #queue(entry: DesiredEntry): void {
    this.#taking = this.#taking.then(() => this.#take(entry));
  }

  async #take(entry: DesiredEntry): Promise<void> {
    const key = keyOf(entry);
    const waiting = this.#waiting.get(key);
    if (waiting?.entry !== entry) return;
    try {
      const taken = await this.#options.accept(entry);
      if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
      if (taken === 'gone') this.#options.onGone(entry);
    } catch (cause) {
      // Its turn is over: the link closed, or something newer is wanted.
      if (this.#closed || this.#waiting.get(key) !== waiting) return;
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const { application, namespace } = entry;
      this.#options.log.warn('desired state was not taken in', { application, namespace, error });
      this.#options.onRefused(entry, error);
      waiting.timer = this.#options.clock.after(waiting.backoff.next(), () => this.#queue(entry));
    }
  }
}

function keyOf({ namespace, name }: DesiredEntry): string {
  return `${namespace}/${name}`;
}
