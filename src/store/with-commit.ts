import type { Store } from '#store/store.ts';

/** The same store with another way to commit. */
export function withCommit(store: Store, commit: Store['commit']): Store {
  return {
    get epoch() {
      return store.epoch;
    },
    get revision() {
      return store.revision;
    },
    shared: store.shared,
    get: (key) => store.get(key),
    list: (prefix, options) => store.list(prefix, options),
    count: (prefix) => store.count(prefix),
    commit,
    watch: (prefix, after, watcher) => store.watch(prefix, after, watcher),
    compact: (revision) => store.compact(revision),
    assertHasRoom: async () => await store.assertHasRoom?.(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
