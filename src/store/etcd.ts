import { assertOperations, valueBytes } from '#store/commit-rules.ts';
import { createEtcdClient, type EtcdClient, type EtcdClientOptions } from '#store/etcd-client.ts';
import { outcomeOf, planTxn } from '#store/etcd-commit.ts';
import { claimEpoch } from '#store/etcd-epochs.ts';
import { isCompacted, isOutOfSpace, storeErrorOf } from '#store/etcd-errors.ts';
import { COMPACTED, textOf } from '#store/etcd-keys.ts';
import { EtcdReplica } from '#store/etcd-replica.ts';
import { finishEtcdRestore } from '#store/etcd-restore.ts';
import { KeyedTurns } from '#store/keyed-turns.ts';
import { assertReadable } from '#store/revision-range.ts';
import {
  COMMIT_QUEUE_BYTES_MAX,
  type CommitResult,
  type Entry,
  type ListOptions,
  type ListResult,
  type Operation,
  type Store,
  StoreUnavailableError,
  type Watcher,
  type WatchHandle,
} from '#store/store.ts';
import { Watches } from '#store/watches.ts';
import { assert, must } from '#system/assert.ts';
import { failpoint } from '#system/failpoints.ts';
import type { Random } from '#system/random.ts';

/** Transactions under way at the same time; more wait. */
const TRANSACTIONS_MAX = 256;

/** How often a commit is planned anew, because what was known of a key was old, before it is refused. */
const PLANS_MAX = 50;

export interface EtcdStoreOptions extends EtcdClientOptions {
  /** Calls back in a later turn of the event loop, in order; a composition root passes `setImmediate`. */
  readonly defer: (callback: () => void) => void;
  readonly random: Random;
  /** As {@link SqliteStoreOptions.epochMin}. */
  readonly epochMin?: number;
  /** Called once, when this process must start again: the epoch was raised elsewhere, or the data is damaged. */
  readonly onFailure?: (error: Error) => void;
}

/**
 * Opens the store in an etcd (3.4 or newer), which any number of processes may do at the same time. The etcd is Skerry's
 * alone: start it with `--max-request-bytes=8388608 --max-txn-ops=256`, so that it takes what the contract lets through.
 *
 * The whole content is held in memory and kept up to date by one watch. A read of what is there now first learns etcd's
 * newest revision by quorum, and waits until that is here: so every read sees every commit that was acknowledged anywhere
 * before it. A read at a revision that is here asks nobody. Rejects with {@link StoreUnavailableError} where etcd does not answer.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const client = createEtcdClient(options);
  const late: { store?: EtcdStore } = {};
  try {
    await finishEtcdRestore(client);
    const facts = await claimEpoch(client, options.epochMin ?? 0);
    const replica = await EtcdReplica.open(
      {
        ...options,
        client,
        onEvents: (events) => late.store?.watches.publish(events),
        onReset: (reason) => late.store?.watches.endAll(reason),
        onFailure(error) {
          late.store?.watches.endAll(error);
          options.onFailure?.(error);
        },
      },
      facts,
    );
    late.store = new EtcdStore(client, replica, options.defer);
    return late.store;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw storeErrorOf('open the store in etcd', error);
  }
}

class EtcdStore implements Store {
  readonly epoch: number;
  readonly shared = true;
  readonly watches: Watches;
  readonly #client: EtcdClient;
  readonly #replica: EtcdReplica;
  readonly #turns = new KeyedTurns(TRANSACTIONS_MAX);
  #waitingBytes = 0;
  #closed = false;

  constructor(client: EtcdClient, replica: EtcdReplica, defer: (callback: () => void) => void) {
    this.#client = client;
    this.#replica = replica;
    this.epoch = replica.epochs.current.epoch;
    this.watches = new Watches(
      {
        range: () => replica.state.range,
        readEvents: (prefix, after) => replica.state.readEvents(prefix, after),
      },
      defer,
    );
  }

  get revision(): number {
    return this.#replica.state.range.revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    await this.#catchUp();
    return this.#replica.state.get(key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    const { revision, limit = 1 } = options;
    assert(limit >= 1, `list limit ${limit}: want 1 or more`);
    if (revision === undefined || revision > this.revision) await this.#catchUp();
    const { state } = this.#replica;
    assertReadable(state.range, revision ?? this.revision);
    return state.list(prefix, options);
  }

  async count(prefix: string): Promise<number> {
    await this.#catchUp();
    return this.#replica.state.list(prefix).entries.length;
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    this.#assertOpen();
    assertOperations(operations);
    const bytes = valueBytes(operations);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > COMMIT_QUEUE_BYTES_MAX) {
      throw new StoreUnavailableError(`${this.#waitingBytes} bytes wait to be committed: try again later`, {
        retryAfterSeconds: 1,
      });
    }
    this.#waitingBytes += bytes;
    try {
      // A check of one key, such as a fence, holds nobody up.
      const keys = operations.flatMap(({ type, key }) => (type === 'check' ? [] : key));
      return await this.#turns.run(keys, () => this.#commit(operations));
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  async watch(prefix: string, after: number, watcher: Watcher): Promise<WatchHandle> {
    this.#assertOpen();
    if (after > this.revision) await this.#catchUp();
    assertReadable(this.#replica.state.range, after);
    return this.watches.open(prefix, after, watcher);
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    if (revision > this.revision) await this.#catchUp();
    const { range } = this.#replica.state;
    if (revision <= range.compacted) return;
    assertReadable(range, revision);
    await this.#calling('compact', () => this.#compact(revision));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turns.idle();
    this.watches.endAll(new StoreUnavailableError('the store was closed'));
    this.#replica.close();
    await this.#client[Symbol.asyncDispose]();
  }

  async #commit(operations: readonly Operation[]): Promise<CommitResult> {
    let withLastStates = true;
    for (let plans = 0; plans < PLANS_MAX; plans++) {
      const { state, epochs } = this.#replica;
      const txn = planTxn(operations, { epochs, known: (key) => state.get(key), withLastStates });
      const answer = await this.#calling('commit', async () => {
        failpoint('commit.before');
        try {
          const answered = await this.#client.txn(txn);
          failpoint('commit.after');
          return answered;
        } catch (error) {
          // An etcd that is full still deletes, where nothing is put beside it.
          if (!isOutOfSpace(error) || !withLastStates || operations.some(({ type }) => type === 'put'))
            throw error;
          return undefined;
        }
      });
      if (answer === undefined) {
        withLastStates = false;
        continue;
      }
      const { revision } = must(answer.header, 'a header in an answer of etcd');
      await this.#replica.reached(revision);
      const outcome = outcomeOf(operations, answer, epochs);
      if (outcome?.type === 'conflict') return outcome;
      if (outcome !== undefined)
        return { type: 'committed', revision: outcome.changed ? epochs.toRevision(revision) : this.revision };
    }
    throw new StoreUnavailableError('could not commit: the keys change too fast', { retryAfterSeconds: 1 });
  }

  /**
   * The marker is what readers go by, in every process. etcd itself is compacted up to the marker before this one: a process
   * that was away a while can still learn what it missed.
   */
  async #compact(revision: number): Promise<void> {
    const key = Buffer.from(COMPACTED);
    const wanted = must(this.#replica.epochs.toEtcd(revision), 'a revision of this epoch');
    for (;;) {
      const found = (await this.#client.range({ key })).kvs[0];
      const before = found === undefined ? 0 : Number(textOf(found.value));
      if (before >= wanted) return await this.#replica.catchUp();
      const answer = await this.#client.txn({
        compare: [{ key, result: 'EQUAL', target: 'MOD', modRevision: found?.modRevision ?? 0 }],
        success: [{ put: { key, value: Buffer.from(String(wanted)) } }],
      });
      await this.#replica.reached(must(answer.header, 'a header in an answer of etcd').revision);
      if (answer.succeeded) return await this.#forget(before);
    }
  }

  async #forget(etcdRevision: number): Promise<void> {
    if (etcdRevision === 0) return;
    try {
      await this.#client.compact({ revision: etcdRevision });
    } catch (error) {
      if (!isCompacted(error)) throw error;
    }
  }

  async #catchUp(): Promise<void> {
    this.#assertOpen();
    await this.#replica.catchUp();
    this.#assertOpen();
  }

  async #calling<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeErrorOf(action, error);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreUnavailableError('the store was closed');
  }
}
