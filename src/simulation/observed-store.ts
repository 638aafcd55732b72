import type { CommitResult, Operation, Store } from '#store/store.ts';
import { withCommit } from '#store/with-commit.ts';

/** What an invariant sees of one process's store. */
export interface StoreObserver {
  /** A commit was acknowledged, and changed something perhaps. */
  acknowledged(operations: readonly Operation[], result: Extract<CommitResult, { type: 'committed' }>): void;
}

/** The same store; each commit that it acknowledges is told, before the committer hears of it. */
export function observedStore(store: Store, observer: StoreObserver): Store {
  return withCommit(store, async (operations) => {
    const result = await store.commit(operations);
    if (result.type === 'committed') observer.acknowledged(operations, result);
    return result;
  });
}
