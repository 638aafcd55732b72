import type { QueuedCommit } from '#store/commit-queue.ts';
import { CommitQueue } from '#store/commit-queue.ts';
import { preconditionHolds, spliceRevision } from '#store/commit-rules.ts';
import type { DurableLog, LoggedChange, LoggedCommit } from '#store/memory-log.ts';
import { MemoryState } from '#store/memory-state.ts';
import { assertReadable, firstRevision } from '#store/revision-range.ts';
import type {
  CommitResult,
  Entry,
  ListOptions,
  ListResult,
  Operation,
  Store,
  StoreEvent,
  Watcher,
  WatchHandle,
} from '#store/store.ts';
import { StoreUnavailableError } from '#store/store.ts';
import { Watches } from '#store/watches.ts';
import { assert } from '#system/assert.ts';

export interface MemoryStoreOptions {
  /** What survives the store. A second store opened on it sees exactly what was acknowledged, or about to be. */
  readonly log: DurableLog;
  /** As {@link openMemoryStore} says; 0 where absent. */
  readonly epochMin?: number;
  /** Set where several API servers are run on it, as if in processes of their own. */
  readonly shared?: boolean;
}

/**
 * Opens a store in memory: for simulations, tests, and whatever need not outlive its log. It uses no timer; everything
 * happens in microtasks, so a run repeats exactly. To crash it, forget it, and stop its log from taking anything more.
 *
 * An `epochMin` above the epoch kept raises the epoch: pass it after a restore, greater than every epoch the outside
 * has seen. All revisions before it are then gone.
 */
export async function openMemoryStore({
  log,
  epochMin = 0,
  shared = false,
}: MemoryStoreOptions): Promise<Store> {
  const kept = await log.read();
  if (kept !== undefined && kept.epoch >= epochMin)
    return new MemoryStore({ log, shared }, new MemoryState(kept), kept.epoch);
  const entries = kept === undefined ? [] : new MemoryState(kept).list('').entries;
  const content = { epoch: epochMin, compacted: firstRevision(epochMin), entries, commits: [] };
  await log.replace(content);
  return new MemoryStore({ log, shared }, new MemoryState(content), epochMin);
}

class MemoryStore implements Store {
  readonly epoch: number;
  readonly shared: boolean;
  readonly #log: DurableLog;
  readonly #state: MemoryState;
  readonly #watches: Watches;
  readonly #queue = new CommitQueue();
  /** Ends when every write asked for so far has: the log takes one at a time. */
  #writes: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ log, shared }: { log: DurableLog; shared: boolean }, state: MemoryState, epoch: number) {
    this.epoch = epoch;
    this.shared = shared;
    this.#log = log;
    this.#state = state;
    this.#watches = new Watches(
      { range: () => state.range, readEvents: (prefix, after) => state.readEvents(prefix, after) },
      // Two microtasks: one for the promise of `watch`, one for the code that awaits it.
      (callback) => queueMicrotask(() => queueMicrotask(callback)),
    );
  }

  get revision(): number {
    return this.#state.range.revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#assertOpen();
    return this.#state.get(key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    assertReadable(this.#state.range, options.revision ?? this.revision);
    assert(options.limit === undefined || options.limit >= 1, `list limit ${options.limit}: want 1 or more`);
    return this.#state.list(prefix, options);
  }

  async count(prefix: string): Promise<number> {
    this.#assertOpen();
    return this.#state.list(prefix).entries.length;
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    this.#assertOpen();
    const committed = this.#queue.add(operations);
    if (this.#queue.length === 1) void this.#afterWrites(() => this.#flush());
    return committed;
  }

  async watch(prefix: string, after: number, watcher: Watcher): Promise<WatchHandle> {
    this.#assertOpen();
    assertReadable(this.#state.range, after);
    return this.#watches.open(prefix, after, watcher);
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    if (revision <= this.#state.range.compacted) return;
    assertReadable(this.#state.range, revision);
    const failure = await this.#afterWrites(async () => {
      if (revision <= this.#state.range.compacted) return;
      await this.#log.replace(this.#state.contentFrom(revision, this.epoch));
      this.#state.compact(revision);
    });
    if (failure !== undefined) throw unavailable('compact the log', failure.cause);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#writes;
    this.#watches.endAll(new StoreUnavailableError('the store was closed'));
  }

  /** Runs `write` when all before it have ended. */
  #afterWrites(write: () => Promise<void>): Promise<{ cause: unknown } | undefined> {
    const outcome = this.#writes.then(write).then(
      () => undefined,
      (cause: unknown) => ({ cause }),
    );
    this.#writes = outcome.then(() => undefined);
    return outcome;
  }

  /** Commits what waits, one append a batch. */
  async #flush(): Promise<void> {
    while (this.#queue.length > 0) await this.#commitBatch(this.#queue.takeBatch());
  }

  async #commitBatch(batch: readonly QueuedCommit[]): Promise<void> {
    const planned = planCommits(batch, this.#state);
    const commits = planned.flatMap(({ commit }) => commit ?? []);
    try {
      if (commits.length > 0) await this.#log.append(commits);
    } catch (cause) {
      for (const { reject } of batch) reject(unavailable('commit', cause));
      return;
    }
    const events = commits.flatMap((commit): StoreEvent[] => this.#state.apply(commit));
    for (const [index, { resolve }] of batch.entries()) resolve((planned[index] as Planned).result);
    if (events.length > 0) this.#watches.publish(events);
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreUnavailableError('the store was closed');
  }
}

interface Planned {
  readonly result: CommitResult;
  /** What is to be logged; absent for a conflict, and where nothing changes. */
  readonly commit?: LoggedCommit;
}

/** What each queued commit comes to, given the state and those before it. */
function planCommits(queue: readonly QueuedCommit[], state: MemoryState): Planned[] {
  const changed = new Map<string, Entry | undefined>();
  let { revision } = state.range;
  const current = (key: string): Entry | undefined => (changed.has(key) ? changed.get(key) : state.get(key));
  return queue.map(({ operations }): Planned => {
    for (const { key, precondition } of operations) {
      const entry = current(key);
      if (preconditionHolds(precondition, entry?.revision)) continue;
      return { result: { type: 'conflict', key, current: entry } };
    }
    const next = revision + 1;
    const changes = operations.flatMap(
      (operation) => changeOf(operation, current(operation.key), next) ?? [],
    );
    if (changes.length === 0) return { result: { type: 'committed', revision } };
    revision = next;
    for (const { key, value, deleted } of changes)
      changed.set(key, deleted ? undefined : { key, value, revision });
    return { result: { type: 'committed', revision }, commit: { revision, changes } };
  });
}

/** What one operation changes; undefined where it deletes what is absent. */
function changeOf(
  operation: Operation,
  current: Entry | undefined,
  revision: number,
): LoggedChange | undefined {
  if (operation.type === 'check') return undefined;
  const { type, key, revisionOffset } = operation;
  if (type === 'put')
    return { key, deleted: false, value: spliceRevision(operation.value, revisionOffset, revision) };
  if (current === undefined) return undefined;
  const value =
    operation.value === undefined ? current.value : spliceRevision(operation.value, revisionOffset, revision);
  return { key, deleted: true, value };
}

function unavailable(action: string, cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(`could not ${action}: the log does not take it`, { cause });
}
