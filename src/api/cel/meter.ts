/** Ends an evaluation that has spent what it may. Never caught by `&&` or `||`. */
export class CostLimitError extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
    this.name = 'CostLimitError';
  }
}

/**
 * Counts what an evaluation costs, in Kubernetes' units: about 50 ns of a server each. Work is paid for before it is done,
 * so that no expression outlasts its limit: that is what makes every evaluation end.
 */
export class Meter {
  readonly #limit: number;
  #spent = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The units so far. */
  get spent(): number {
    return this.#spent;
  }

  /** Pays for work. Throws CostLimitError where that is more than may be spent. */
  charge(units: number): void {
    this.#spent += units;
    if (this.#spent > this.#limit) throw new CostLimitError();
  }
}
