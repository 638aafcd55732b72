import { EPOCH_MAX, REVISIONS_PER_EPOCH, RevisionExpiredError, RevisionFutureError } from '#store/store.ts';
import { assert } from '#system/assert.ts';

/** The revisions at which a store can be read: from the compacted one to the newest. */
export interface RevisionRange {
  readonly compacted: number;
  readonly revision: number;
}

/** The revision in force when an epoch begins: it belongs to no commit. */
export function firstRevision(epoch: number): number {
  assert(
    Number.isInteger(epoch) && epoch >= 0 && epoch <= EPOCH_MAX,
    `epoch ${epoch}: want 0 to ${EPOCH_MAX}`,
  );
  return epoch * REVISIONS_PER_EPOCH + 1;
}

/** Throws {@link RevisionExpiredError} or {@link RevisionFutureError} where `revision` cannot be read. */
export function assertReadable(range: RevisionRange, revision: number): void {
  assert(Number.isSafeInteger(revision), `revision ${revision}: want a whole number`);
  if (revision < range.compacted) {
    throw new RevisionExpiredError(`revision ${revision} is gone: the oldest one kept is ${range.compacted}`);
  }
  if (revision > range.revision) {
    throw new RevisionFutureError(`revision ${revision} is yet to come: the newest one is ${range.revision}`);
  }
}
