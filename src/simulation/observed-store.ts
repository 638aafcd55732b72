import type { CommitResult, Operation, Store } from '#store/store.ts';

/** What an invariant sees of one process's store. */
export interface StoreObserver {
  /** A commit was acknowledged, and changed something perhaps. */
  acknowledged(operations: readonly Operation[], result: Extract<CommitResult, { type: 'committed' }>): void;
}

/** The same store; each commit that it acknowledges is told, before the committer hears of it. */
export function observedStore(store: Store, observer: StoreObserver): Store {
  return {
    get epoch() {
      return store.epoch;
    },
    get revision() {
      return store.revision;
    },
    get: (key) => store.get(key),
    list: (prefix, options) => store.list(prefix, options),
    count: (prefix) => store.count(prefix),
    async commit(operations) {
      const result = await store.commit(operations);
      if (result.type === 'committed') observer.acknowledged(operations, result);
      return result;
    },
    watch: (prefix, after, watcher) => store.watch(prefix, after, watcher),
    compact: (revision) => store.compact(revision),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
