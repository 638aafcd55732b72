import { StatusError } from '#api/status.ts';
import type { StoreGuard } from '#apiserver/request.ts';
import type { Store } from '#store/store.ts';
import { withCommit } from '#store/with-commit.ts';

/**
 * The same store, each commit of which carries the check of `guard`: where that no longer holds, the commit is refused with
 * 409 Conflict. So a writer that was replaced while it was paused changes nothing any more, however late it wakes up.
 */
export function guardedStore(store: Store, guard: StoreGuard): Store {
  return withCommit(store, async (operations) => {
    const check = guard();
    const result = await store.commit([check, ...operations]);
    if (result.type === 'committed' || result.key !== check.key) return result;
    throw new StatusError(
      'Conflict',
      `"${check.key}" was taken over by another process: this write comes too late`,
    );
  });
}
