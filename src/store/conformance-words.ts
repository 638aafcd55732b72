import assert from 'node:assert/strict';
import type {
  CheckOperation,
  DeleteOperation,
  Entry,
  Operation,
  Precondition,
  PutOperation,
  Store,
  StoreEvent,
  WatchHandle,
} from '#store/store.ts';

/** A put of text. */
export function put(key: string, value: string, precondition?: Precondition): PutOperation {
  const operation = { type: 'put', key, value: Buffer.from(value) } as const;
  return precondition === undefined ? operation : { ...operation, precondition };
}

/** A deletion that leaves the last state to the store. */
export function deletion(key: string, precondition?: Precondition): DeleteOperation {
  return precondition === undefined ? { type: 'delete', key } : { type: 'delete', key, precondition };
}

/** A check that changes nothing. */
export function check(key: string, precondition: Precondition): CheckOperation {
  return { type: 'check', key, precondition };
}

/** Commits what must go through, and returns its revision. */
export async function committed(store: Store, ...operations: Operation[]): Promise<number> {
  const result = await store.commit(operations);
  assert.equal(result.type, 'committed');
  return result.revision;
}

/** The text of a value. */
export function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString();
}

/** `key=value` of each entry, in order. */
export function pairs(entries: readonly Entry[]): string[] {
  return entries.map(({ key, value }) => `${key}=${text(value)}`);
}

/** An event in one line: `put /a one@3 was zero`. */
export function line({ type, key, value, revision, previous }: StoreEvent): string {
  const was = previous === undefined ? '' : ` was ${text(previous)}`;
  return `${type} ${key} ${text(value)}@${revision}${was}`;
}

/** A watcher that remembers what it was told. */
export interface Collector {
  readonly batches: readonly (readonly StoreEvent[])[];
  readonly events: readonly StoreEvent[];
  /** The reasons of `end`; more than one is a violation. */
  readonly ends: readonly Error[];
  /** Resolves when an event at `revision` or after has come, or the watch has ended. */
  reached(revision: number): Promise<void>;
  /** Resolves when the watch has ended. */
  readonly ended: Promise<void>;
  readonly handle: WatchHandle;
}

/** Watches `prefix` after revision `after`, and collects. */
export async function collect(store: Store, prefix: string, after: number): Promise<Collector> {
  const batches: (readonly StoreEvent[])[] = [];
  const ends: Error[] = [];
  const waiters = new Set<() => void>();
  const newest = (): number => batches.at(-1)?.at(-1)?.revision ?? 0;
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        waiters.delete(check);
        resolve();
      };
      waiters.add(check);
      check();
    });
  const handle = await store.watch(prefix, after, {
    events(batch) {
      batches.push(batch);
      for (const check of waiters) check();
    },
    end(reason) {
      ends.push(reason);
      for (const check of waiters) check();
    },
  });
  return {
    batches,
    ends,
    handle,
    get events() {
      return batches.flat();
    },
    reached: (revision) => until(() => newest() >= revision || ends.length > 0),
    ended: until(() => ends.length > 0),
  };
}
