/** How a priority level deals with requests that cannot run at once. */
export interface QueueSettings {
  readonly queues: number;
  /** Queues that one flow chooses from: shuffle sharding, so that hardly two flows share all of theirs. */
  readonly handSize: number;
  /** Requests that may wait in one queue; more are refused. */
  readonly queueLengthMax: number;
}

/** One request that waits or runs. */
export interface Seated {
  /** Seats that it takes. */
  readonly width: number;
  /**
   * Called when it may run. `settle` is to be called with how long it ran, in milliseconds: long requests count for what they
   * were.
   */
  readonly start: (settle: (ranMs: number) => void) => void;
}

interface Queue {
  readonly index: number;
  /** How much this queue has been served, in seats times milliseconds; the least served is next. */
  served: number;
  readonly waiting: Seated[];
}

/** The time that a request is charged with when it starts, in milliseconds: put right when it ends. */
export const CHARGED_MS = 50;

/**
 * Requests of one priority level that wait: each flow in the shortest of its queues, and queues served in turn by how much
 * each has had (fair queuing, as in KEP-1040; a queue that was idle has no claim to what it did not use).
 */
export class FairQueues {
  readonly #settings: QueueSettings;
  readonly #queues = new Map<number, Queue>();
  /** What the least served of the waiting queues had when one was last served. */
  #servedNow = 0;
  #waiting = 0;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Lets a request of a flow wait; the function that takes it out again, or undefined where all queues of the flow are full. */
  enqueue(flowHash: bigint, request: Seated): (() => void) | undefined {
    const queue = this.#shortestOf(flowHash);
    if (queue.waiting.length >= this.#settings.queueLengthMax) return undefined;
    if (queue.waiting.length === 0) queue.served = Math.max(queue.served, this.#servedNow);
    queue.waiting.push(request);
    this.#queues.set(queue.index, queue);
    this.#waiting += 1;
    return () => this.#remove(queue, request);
  }

  /** The width of the request that is next; undefined where none waits. */
  nextWidth(): number | undefined {
    return this.#next()?.waiting[0]?.width;
  }

  /** Takes the next request out and starts it. */
  startNext(): void {
    const queue = this.#next();
    const request = queue?.waiting.shift();
    if (queue === undefined || request === undefined) return;
    this.#waiting -= 1;
    this.#servedNow = Math.max(this.#servedNow, queue.served);
    queue.served += request.width * CHARGED_MS;
    request.start((ranMs) => {
      queue.served += request.width * (ranMs - CHARGED_MS);
      this.#forgetIdle(queue);
    });
  }

  /** The least served of the queues in which somebody waits; of equals the one that has waited longest. */
  #next(): Queue | undefined {
    let least: Queue | undefined;
    for (const queue of this.#queues.values()) {
      if (queue.waiting.length > 0 && (least === undefined || queue.served < least.served)) least = queue;
    }
    return least;
  }

  /** Deals the flow its hand of queues (shuffle sharding) and picks the one with the fewest waiting. */
  #shortestOf(flowHash: bigint): Queue {
    let best: Queue | undefined;
    for (const index of dealHand(flowHash, this.#settings)) {
      const queue = this.#queues.get(index) ?? { index, served: 0, waiting: [] };
      if (best === undefined || queue.waiting.length < best.waiting.length) best = queue;
    }
    return best ?? { index: 0, served: 0, waiting: [] };
  }

  #remove(queue: Queue, request: Seated): void {
    const at = queue.waiting.indexOf(request);
    if (at < 0) return;
    queue.waiting.splice(at, 1);
    this.#waiting -= 1;
    this.#forgetIdle(queue);
  }

  /** A queue in which nobody waits and that has had no more than others is as good as none. */
  #forgetIdle(queue: Queue): void {
    if (
      queue.waiting.length === 0 &&
      queue.served <= this.#servedNow &&
      this.#queues.get(queue.index) === queue
    )
      this.#queues.delete(queue.index);
  }
}

/** `handSize` different queues, the same ones for the same hash: cards dealt from a deck that the hash shuffles. */
export function dealHand(
  flowHash: bigint,
  { queues, handSize }: Pick<QueueSettings, 'queues' | 'handSize'>,
): number[] {
  const hand: number[] = [];
  let rest = flowHash;
  for (let left = queues; hand.length < handSize && left > 0; left--) {
    let card = Number(rest % BigInt(left));
    rest /= BigInt(left);
    // The card counts those that are still in the deck.
    for (const dealt of hand.toSorted((a, b) => a - b)) if (dealt <= card) card += 1;
    hand.push(card);
  }
  return hand;
}
