/**
 * The contract of the revisioned log under every API server. A driver (memory, sqlite, etcd) keeps keys and byte values
 * under one counter; `store/conformance.ts` says what each must do.
 *
 * Guarantees: a commit is acknowledged only when it is durable; it applies wholly or not at all; its revision is greater
 * than every revision before it, across restarts and restores; a watch delivers every change under its prefix after its
 * starting revision exactly once and in order, or ends in {@link RevisionExpiredError}. Commits that
 * share a key take effect in the order in which they were asked for. Bytes handed in or out are shared, not copied:
 * neither side changes them afterwards.
 *
 * Disposal commits what was asked for before it, ends every watch, and lets nothing more in: each later call, and a list
 * or compaction that still runs, fails with {@link StoreUnavailableError}.
 */
export interface Store extends AsyncDisposable {
  /** The epoch in force: it rises when a store is restored from a backup, so that no revision is ever used twice. */
  readonly epoch: number;
  /** The newest committed revision; 1 or more, also where nothing was committed yet. Revisions may leave gaps. */
  readonly revision: number;
  /** Whether another process may write to it at the same time: then only a precondition keeps two writers apart. */
  readonly shared: boolean;
  /** The entry of `key` now, or undefined. */
  get(key: string): Promise<Entry | undefined>;
  /**
   * Entries whose key starts with `prefix`, ordered by key as bytes, as they were at `revision` (default: now).
   * Throws {@link RevisionExpiredError} where that revision was compacted, {@link RevisionFutureError} where it is to come.
   */
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /** The number of keys under `prefix` now. */
  count(prefix: string): Promise<number>;
  /**
   * Applies all operations (1 to {@link COMMIT_OPERATIONS_MAX}) at one new revision, or none where a precondition fails.
   * Durable before it resolves. Where nothing is to be changed, the revision is the one in force. Rejects with
   * {@link StoreUnavailableError}; then the operations were not applied, but for a failure that leaves this open: after a
   * failed disk the store refuses every write from then on, and a server of another process may have lost only its answer.
   */
  commit(operations: readonly Operation[]): Promise<CommitResult>;
  /**
   * Calls `watcher.events` with every change under `prefix` after revision `after`, batched by commit, in order; never
   * before the caller that awaits this promise has gone on. `watcher.end` is called once, where the store ends the watch;
   * then nothing more. Throws {@link RevisionExpiredError} or {@link RevisionFutureError} as `list` does.
   */
  watch(prefix: string, after: number, watcher: Watcher): Promise<WatchHandle>;
  /**
   * Forgets what only revisions before `revision` need: when this resolves, at the latest, lists and watches from before it
   * answer RevisionExpired. Does nothing where that was compacted already; throws {@link RevisionFutureError} where it is to come.
   */
  compact(revision: number): Promise<void>;
  /**
   * Rejects with {@link StoreUnavailableError} where a write was refused for want of space and the next one would be as well. May
   * try a small write to find out. Absent where a driver is never full by itself.
   */
  assertHasRoom?(): Promise<void>;
}

/** One key with its value. */
export interface Entry {
  readonly key: string;
  /** The bytes as committed, with the revision spliced in where {@link PutOperation.revisionOffset} asked for it. */
  readonly value: Uint8Array;
  /** The revision of the last change of this key. */
  readonly revision: number;
}

export interface ListOptions {
  /** Read as of this revision. */
  readonly revision?: number;
  /** At most this many entries; 1 or more. All where absent. */
  readonly limit?: number;
  /** Only keys strictly greater than this one: how a limited list goes on. */
  readonly startAfter?: string;
}

export interface ListResult {
  readonly entries: readonly Entry[];
  /** The revision at which the list is exact. */
  readonly revision: number;
  /** How many entries under the prefix follow the last one returned; 0 where the list is whole. */
  readonly remaining: number;
}

/** What must hold of a key for a commit to go through. */
export type Precondition =
  | { readonly type: 'absent' }
  | { readonly type: 'present' }
  | { readonly type: 'revision'; readonly revision: number };

export interface PutOperation {
  readonly type: 'put';
  readonly key: string;
  readonly value: Uint8Array;
  /** Byte offset in `value` at which the driver inserts the commit's revision in decimal digits. */
  readonly revisionOffset?: number;
  readonly precondition?: Precondition;
  /** A step towards a deletion, such as a mark that it has begun: a full disk takes it as long as it takes deletions. */
  readonly makesRoom?: boolean;
}

export interface DeleteOperation {
  readonly type: 'delete';
  readonly key: string;
  /** The last state, as watchers shall see it in the delete event; the stored value where absent. */
  readonly value?: Uint8Array;
  /** As {@link PutOperation.revisionOffset}, for `value`. */
  readonly revisionOffset?: number;
  readonly precondition?: Precondition;
}

/** Changes nothing, and lets the commit through only where `precondition` holds: how a late writer is fenced off. */
export interface CheckOperation {
  readonly type: 'check';
  readonly key: string;
  /** There is none: so that operations can be looked through alike. */
  readonly value?: undefined;
  readonly precondition: Precondition;
}

/** Deleting an absent key without a precondition changes nothing and is no conflict. A key stands at most once in a commit. */
export type Operation = PutOperation | DeleteOperation | CheckOperation;

export type CommitResult =
  | { readonly type: 'committed'; readonly revision: number }
  /** Nothing was written: the first operation whose precondition fails, and what is there instead. */
  | { readonly type: 'conflict'; readonly key: string; readonly current: Entry | undefined };

export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** The new value; for a delete the last state. */
  readonly value: Uint8Array;
  readonly revision: number;
  /** The value before this change; undefined where the key was created. */
  readonly previous?: Uint8Array;
}

export interface Watcher {
  /** All events of one or more whole commits, in order. Must not throw. */
  events(batch: readonly StoreEvent[]): void;
  /** The watch is over: the store was closed, or can no longer serve it without a gap. */
  end(reason: Error): void;
}

export interface WatchHandle {
  /** Every change under the prefix up to this revision has been told; read it between events, not in the middle of one. */
  readonly revision: number;
  /** No call of the watcher follows. Idempotent. */
  close(): void;
}

/** The revision asked for was compacted, or belongs to an epoch before a restore: an API server answers 410 Gone. */
export class RevisionExpiredError extends Error {
  override readonly name = 'RevisionExpiredError';
}

/** The revision asked for has not been reached. */
export class RevisionFutureError extends Error {
  override readonly name = 'RevisionFutureError';
}

/**
 * The disk is full or failing, the store is overloaded, in use by another process, or closed. Reads still work but for the
 * last two. `cause` says what the driver was told.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  /** When it may have passed by itself, in seconds; absent where somebody has to see to it first: nobody is to wait for that. */
  readonly retryAfterSeconds: number | undefined;
  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The data was written by a newer version of Skerry, or is damaged: the store refuses to open it, or to serve that entry. */
export class StoreFormatError extends Error {
  override readonly name = 'StoreFormatError';
}

/** Revisions of one epoch: the epoch is the high part of every revision, which stays a safe integer up to epoch 8,191. */
export const REVISIONS_PER_EPOCH = 2 ** 40;

/** The largest epoch: the last one whose revisions are safe integers. */
export const EPOCH_MAX = 2 ** 13 - 1;

/** The most operations in one commit: etcd's default limit of a transaction. */
export const COMMIT_OPERATIONS_MAX = 128;

/** The most bytes of values that wait to be committed; at it, commits are refused as unavailable. */
export const COMMIT_QUEUE_BYTES_MAX = 64 * 1024 * 1024;

/** The longest key, in characters. A key is never empty, and well-formed Unicode without U+0000. */
export const KEY_CHARS_MAX = 1024;

/** The largest value, in bytes: Kubernetes' limit of a request body, 3 MiB. */
export const VALUE_BYTES_MAX = 3 * 1024 * 1024;
