import type { Clock, Timer } from '#system/clock.ts';

/** The process that was asked has died before it answered: whether it did what was asked is unknown. */
export class ProcessDiedError extends Error {
  override readonly name = 'ProcessDiedError';
}

const never = new Promise<never>(() => undefined);

/**
 * One run of a simulated process. When it is killed, its timers never fire, whatever it waits for never comes, and
 * nothing that it still tries has any effect: as after SIGKILL, it is simply gone.
 */
export class ProcessLife {
  readonly clock: Clock;
  #dead = false;
  readonly #timers = new Set<Timer>();
  readonly #onDeath = new Set<() => void>();

  constructor(clock: Clock) {
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => this.#after(clock, { delayMs, callback }),
    };
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Ends the process. Idempotent. */
  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    for (const told of this.#onDeath) told();
    this.#onDeath.clear();
  }

  /** Calls `told` at the death; the returned function takes that back. */
  onDeath(told: () => void): () => void {
    this.#onDeath.add(told);
    return () => void this.#onDeath.delete(told);
  }

  /** `answer`, as somebody outside gets it: rejects with {@link ProcessDiedError} where the process dies first. */
  answered<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = this.onDeath(() => reject(new ProcessDiedError('the process died before it answered')));
      answer.then(resolve, reject).finally(forget);
    });
  }

  /** Something outside, as this process reaches it: once the process is dead, calls do nothing and answers never come. */
  reach<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, property) => {
        const value: unknown = Reflect.get(object, property);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (this.#dead) return never;
          const result = Reflect.apply(value, object, args) as unknown;
          return result instanceof Promise ? this.#whileAlive(result) : result;
        };
      },
    });
  }

  #whileAlive<T>(result: Promise<T>): Promise<T> {
    return result.then(
      (value) => (this.#dead ? never : value),
      (error: unknown) => {
        if (this.#dead) return never;
        throw error;
      },
    );
  }

  #after(clock: Clock, { delayMs, callback }: { delayMs: number; callback: () => void }): Timer {
    if (this.#dead) return { cancel: () => undefined };
    const timer = clock.after(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }
}
