import { assertOperations, valueBytes } from '#store/commit-rules.ts';
import type { CommitResult, Operation } from '#store/store.ts';
import { COMMIT_QUEUE_BYTES_MAX, StoreUnavailableError } from '#store/store.ts';

/** The most commits that are made durable together; more wait for the next batch. */
const BATCH_COMMITS_MAX = 512;

/** The bytes of values at which a batch is full; a larger commit is a batch of its own. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/** A commit that was asked for. It is settled exactly once. */
export interface QueuedCommit {
  readonly operations: readonly Operation[];
  readonly bytes: number;
  resolve(result: CommitResult): void;
  reject(error: unknown): void;
}

/** Commits that wait, in the order they were asked for; within {@link COMMIT_QUEUE_BYTES_MAX}. */
export class CommitQueue {
  #waiting: QueuedCommit[] = [];
  #bytes = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** Queues a commit. Throws AssertionError where it breaks a limit, StoreUnavailableError where too many bytes wait. */
  add(operations: readonly Operation[]): Promise<CommitResult> {
    assertOperations(operations);
    const bytes = valueBytes(operations);
    if (this.length > 0 && this.#bytes + bytes > COMMIT_QUEUE_BYTES_MAX) {
      throw new StoreUnavailableError(`${this.#bytes} bytes wait to be committed: try again later`, {
        retryAfterSeconds: 1,
      });
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, bytes, resolve, reject });
    });
  }

  /** Takes the next batch out: at least one commit, where one waits. */
  takeBatch(): QueuedCommit[] {
    let bytes = 0;
    const full = this.#waiting.findIndex((commit, index) => {
      bytes += commit.bytes;
      return index > 0 && (index >= BATCH_COMMITS_MAX || bytes > BATCH_BYTES_MAX);
    });
    const batch = this.#waiting.splice(0, full === -1 ? this.length : full);
    for (const commit of batch) this.#bytes -= commit.bytes;
    return batch;
  }

  /** Refuses all that waits. */
  rejectAll(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    for (const { reject } of waiting) reject(error);
  }
}
