/** Lets work that shares a key go one after the other, in the order it was asked for, and the rest side by side. */
export class KeyedTurns {
  readonly #atOnceMax: number;
  readonly #lastByKey = new Map<string, Promise<void>>();
  readonly #all = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** At most `atOnceMax` pieces of work run at the same time; more wait. */
  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  /** Runs `work` when all before it that share one of `keys` have ended, and there is room. */
  run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = keys.flatMap((key) => this.#lastByKey.get(key) ?? []);
    const result =
      before.length === 0 ? this.#inRoom(work) : Promise.all(before).then(() => this.#inRoom(work));
    const ended = result.then(
      () => undefined,
      () => undefined,
    );
    for (const key of keys) this.#lastByKey.set(key, ended);
    this.#all.add(ended);
    void ended.then(() => {
      this.#all.delete(ended);
      for (const key of keys) if (this.#lastByKey.get(key) === ended) this.#lastByKey.delete(key);
    });
    return result;
  }

  /** Resolves when everything asked for before this call has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#all);
  }

  async #inRoom<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnceMax) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
