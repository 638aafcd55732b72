import type { EtcdClient } from '#store/etcd-client.ts';
import { lastStatesOf } from '#store/etcd-commit.ts';
import { type Epochs, type EtcdFacts, readFacts } from '#store/etcd-epochs.ts';
import { storeErrorOf } from '#store/etcd-errors.ts';
import { type EtcdCommit, type EtcdEvent, EtcdFeed } from '#store/etcd-feed.ts';
import { COMPACTED, DELETED, EPOCHS, storeKeyOf, textOf, unpackValue } from '#store/etcd-keys.ts';
import { readSnapshot } from '#store/etcd-snapshot.ts';
import type { LoggedChange } from '#store/memory-log.ts';
import { MemoryState } from '#store/memory-state.ts';
import { RevisionExpiredError, type StoreEvent, StoreUnavailableError } from '#store/store.ts';
import { must } from '#system/assert.ts';
import { createBackoff } from '#system/backoff.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { Random } from '#system/random.ts';

/** How long a read may wait for etcd's newest revision, and for this replica to reach it, in milliseconds. */
const CATCH_UP_MS_MAX = 8000;

/** How often a replica that nobody reads makes sure that its watch is alive, in milliseconds. */
const HEARTBEAT_MS = 5000;

const RECONNECT = { firstMs: 50, maxMs: 2000 };

/** A range that begins and ends with this is all keys from it on. */
const ALL_KEYS = Buffer.of(0);

export interface ReplicaOptions {
  readonly client: EtcdClient;
  readonly clock: Clock;
  readonly random: Random;
  /** New changes, whole commits, in order. */
  readonly onEvents: (events: readonly StoreEvent[]) => void;
  /** History was lost: whoever follows must start again from a list. */
  readonly onReset: (reason: RevisionExpiredError) => void;
  /** Called once: this replica must never be used again. */
  readonly onFailure: (error: Error) => void;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** All objects of an etcd with their history, in memory, kept up to date by one watch over every key. */
export class EtcdReplica {
  readonly #options: ReplicaOptions;
  readonly #facts: EtcdFacts;
  readonly #stop = new AbortController();
  #state: MemoryState;
  #feed: EtcdFeed;
  #waiters: Waiter[] = [];
  /** The question for the newest revision that is under way, and the one that waits behind it. */
  #asking: Promise<number> | undefined;
  #askingNext: Promise<number> | undefined;
  #watch = new AbortController();
  #failure: Error | undefined;

  private constructor(
    options: ReplicaOptions,
    facts: EtcdFacts,
    { state, feed }: { state: MemoryState; feed: EtcdFeed },
  ) {
    this.#options = options;
    this.#facts = facts;
    this.#state = state;
    this.#feed = feed;
  }

  /** Reads everything, and resolves when it has caught up with what etcd had when it began. */
  static async open(options: ReplicaOptions, facts: EtcdFacts): Promise<EtcdReplica> {
    const replica = new EtcdReplica(options, facts, await load(options.client, facts));
    void replica.#follow();
    void replica.#beat();
    try {
      await replica.reached(facts.revision);
    } catch (error) {
      replica.close();
      throw error;
    }
    return replica;
  }

  get state(): MemoryState {
    return this.#state;
  }

  get epochs(): Epochs {
    return this.#facts.epochs;
  }

  /** Resolves when everything that was committed anywhere before this call is here. */
  async catchUp(): Promise<void> {
    await this.reached(await this.#newest());
  }

  /** Resolves when revision `revision` of etcd is here. */
  reached(revision: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#feed.revision >= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(CATCH_UP_MS_MAX, () => {
        this.#waiters = this.#waiters.filter((each) => each !== waiter);
        const message = `could not catch up with etcd within ${CATCH_UP_MS_MAX} ms`;
        reject(new StoreUnavailableError(message, { retryAfterSeconds: 1 }));
      });
      const waiter: Waiter = {
        revision,
        resolve: () => {
          timer.cancel();
          resolve();
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  /** Nothing follows any more; whoever waits is refused. */
  close(reason: Error = new StoreUnavailableError('the store was closed')): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#stop.abort();
    this.#watch.abort();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(reason);
  }

  /**
   * etcd's newest revision, by quorum, asked no earlier than this call; readers that come meanwhile share the next question.
   * Where the one under way fails, no member answers: they are refused with it, not kept waiting for another failure.
   */
  #newest(): Promise<number> {
    if (this.#asking === undefined) return this.#ask();
    this.#askingNext ??= this.#asking
      .finally(() => {
        this.#askingNext = undefined;
      })
      .then(() => this.#ask());
    return this.#askingNext;
  }

  #ask(): Promise<number> {
    const asking = this.#options.client
      .question({ key: Buffer.from(COMPACTED), countOnly: true })
      .then(({ header }) => must(header, 'a header in an answer of etcd').revision)
      .catch((error: unknown) => {
        throw storeErrorOf('read', error);
      })
      .finally(() => {
        if (this.#asking === asking) this.#asking = undefined;
      });
    this.#asking = asking;
    return asking;
  }

  /** A watch may be dead without a word, and a member may lag: then another one is asked. */
  async #beat(): Promise<void> {
    const { clock, client } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await pause(clock, HEARTBEAT_MS, signal);
      if (signal.aborted) return;
      try {
        await this.catchUp();
      } catch {
        // Whoever reads is told; here the way to etcd is mended.
        client.leaveMember();
        this.#watch.abort();
      }
    }
  }

  /** Follows etcd until the end, through as many watches as it takes. */
  async #follow(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stop;
    const backoff = createBackoff(random, RECONNECT);
    while (!signal.aborted) {
      try {
        if (await this.#watchOnce(() => backoff.reset())) continue;
      } catch (error) {
        if (isFinal(error)) return this.#fail(error);
      }
      await pause(clock, backoff.next(), signal);
    }
  }

  /** One watch, to its end; true where it is to be followed by another at once. */
  async #watchOnce(onAnswer: () => void): Promise<boolean> {
    this.#watch = new AbortController();
    this.#feed.restart();
    // From the last revision itself, which is thrown away: so etcd says where it was compacted just behind it.
    const from = Math.max(1, this.#feed.revision);
    const create = { key: ALL_KEYS, rangeEnd: ALL_KEYS, startRevision: from, fragment: true };
    for await (const answer of this.#options.client.watch(create, this.#watch.signal)) {
      if (this.#stop.signal.aborted) return false;
      if (answer.compactRevision > 0) {
        await this.#reload();
        return true;
      }
      if (answer.canceled) return false;
      onAnswer();
      const { commits, gap } = this.#feed.take(answer);
      this.#applyAll(commits);
      if (gap) return true;
    }
    return false;
  }

  /** Starts again from a snapshot, where the history that is missing can no longer be had. */
  async #reload(): Promise<void> {
    const facts = must(await readFacts(this.#options.client), 'epochs in an etcd that has had them');
    if (facts.epochs.current.epoch !== this.epochs.current.epoch)
      throw raisedError(facts.epochs.current.epoch);
    const { state, feed } = await load(this.#options.client, facts);
    this.#state = state;
    this.#feed = feed;
    this.#options.onReset(
      new RevisionExpiredError('the history since the last event was compacted: start again from a list'),
    );
    this.#wake();
  }

  #applyAll(commits: readonly EtcdCommit[]): void {
    const events = commits.flatMap((commit) => this.#apply(commit));
    if (events.length > 0) this.#options.onEvents(events);
    this.#wake();
  }

  #apply({ revision: etcdRevision, events }: EtcdCommit): StoreEvent[] {
    const revision = this.epochs.toRevision(etcdRevision);
    const lastStates = events.find(({ kv }) => kv !== undefined && textOf(kv.key) === DELETED)?.kv?.value;
    const states = lastStates === undefined ? undefined : lastStatesOf(lastStates, revision);
    const changes = events.flatMap((event) => this.#changeOf(event, { revision, states }) ?? []);
    for (const event of events) this.#heed(event);
    return changes.length === 0 ? [] : this.#state.apply({ revision, changes });
  }

  #changeOf(
    { type, kv }: EtcdEvent,
    { revision, states }: { revision: number; states: ReadonlyMap<string, Uint8Array> | undefined },
  ): LoggedChange | undefined {
    const key = kv === undefined ? undefined : storeKeyOf(kv.key);
    if (kv === undefined || key === undefined) return undefined;
    if (type === 'PUT') return { key, deleted: false, value: unpackValue(key, kv.value, revision) };
    const value = states?.get(key) ?? this.#state.get(key)?.value ?? new Uint8Array();
    return { key, deleted: true, value };
  }

  /** What the driver's own keys say. */
  #heed({ type, kv }: EtcdEvent): void {
    if (kv === undefined || type !== 'PUT') return;
    const key = textOf(kv.key);
    if (key === COMPACTED) this.#compact(Number(textOf(kv.value)));
    else if (key.startsWith(EPOCHS)) throw raisedError(Number(key.slice(EPOCHS.length)));
  }

  #compact(etcdRevision: number): void {
    const { compacted, revision } = this.#state.range;
    const wanted = Math.min(this.epochs.toRevision(etcdRevision), revision);
    if (wanted > compacted) this.#state.compact(wanted);
  }

  #wake(): void {
    const { revision } = this.#feed;
    const due = this.#waiters.filter((waiter) => waiter.revision <= revision);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of due) resolve();
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.close(error);
    this.#options.onFailure(error);
  }
}

async function load(client: EtcdClient, facts: EtcdFacts): Promise<{ state: MemoryState; feed: EtcdFeed }> {
  const { revision, entries } = await readSnapshot(client, facts);
  const { epochs } = facts;
  const content = {
    epoch: epochs.current.epoch,
    compacted: epochs.toRevision(revision),
    entries,
    commits: [],
  };
  return { state: new MemoryState(content), feed: new EtcdFeed(revision) };
}

/** Damaged data and a new epoch do not pass by themselves; what etcd's members say of themselves may. */
function isFinal(error: unknown): error is Error {
  return (
    error instanceof Error && (error.name === 'StoreFormatError' || error.name === 'StoreUnavailableError')
  );
}

function raisedError(epoch: number): StoreUnavailableError {
  return new StoreUnavailableError(
    `the epoch was raised to ${epoch}: the data was restored. Start this process again`,
  );
}
