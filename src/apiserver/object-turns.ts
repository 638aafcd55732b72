import { StatusError } from '#api/status.ts';

/** Writes that may wait for their turn at one object; more are refused with 429. */
const WAITING_MAX = 1024;

/**
 * Lets the writers of one object go one after the other, each on what the one before left, instead of all of them again and
 * again until each has been first once. Only a help: what keeps writes apart is the precondition of each commit.
 */
export class ObjectTurns {
  readonly #queues = new Map<string, { last: Promise<void>; length: number }>();

  /** Runs `action` when all before it on the same key have ended. */
  run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { last: Promise.resolve(), length: 0 };
    if (queue.length >= WAITING_MAX) {
      const details = { retryAfterSeconds: 1 };
      throw new StatusError(
        'TooManyRequests',
        `${queue.length} writes wait for this object: try again later`,
        { details },
      );
    }
    this.#queues.set(key, queue);
    queue.length += 1;
    const turn = queue.length === 1 ? action() : queue.last.then(action);
    const leave = (): void => {
      queue.length -= 1;
      if (queue.length === 0) this.#queues.delete(key);
    };
    queue.last = turn.then(leave, leave);
    return turn;
  }
}
