import { type Event, eventResource } from '#api/core/event.ts';
import { decodeObject, encodeObject, kindPrefix } from '#apiserver/stored-object.ts';
import type { DeleteOperation, Entry, Store } from '#store/store.ts';
import { type Clock, parseTimestamp, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** How often a store is tidied up, in milliseconds. */
const INTERVAL_MS = 5 * 60_000;

/** How long an Event is kept after it was last seen, in milliseconds: Kubernetes' default. */
export const EVENT_LIFETIME_MS = 3600_000;

/** Events that are being deleted at the same time; more wait until those are gone. */
const DELETIONS_MAX = 128;

export interface HousekeepingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps a store from growing for ever, until `signal` aborts: forgets history that is older than one interval, so that
 * watchers have at least that long to come back, and deletes Events that have expired. What fails is tried again next time.
 */
export async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, log } = options;
  let revisionBefore = store.revision;
  while (true) {
    await pause(clock, INTERVAL_MS, signal);
    if (signal.aborted) return;
    try {
      await deleteExpiredEvents(options);
      const revisionNow = store.revision;
      // An idle store has no new history: nothing is written to the disk.
      if (revisionNow > revisionBefore) await store.compact(revisionBefore);
      revisionBefore = revisionNow;
    } catch (error) {
      log.warn('the store was not tidied up', { error });
    }
  }
}

async function deleteExpiredEvents({ store, clock }: HousekeepingOptions): Promise<void> {
  const { entries } = await store.list(kindPrefix(eventResource));
  const oldestMs = clock.now() - EVENT_LIFETIME_MS;
  const expired = entries.filter((entry) => lastSeenMs(decodeObject<Event>(entry.value)) < oldestMs);
  for (let start = 0; start < expired.length; start += DELETIONS_MAX) {
    // Each by itself: whoever watches comes back at a revision, and must not miss the other half of it.
    const deletions = expired.slice(start, start + DELETIONS_MAX);
    await Promise.all(deletions.map((entry) => store.commit([deletionOf(entry)])));
  }
}

/** An event that was seen again meanwhile stays. */
function deletionOf({ key, value, revision }: Entry): DeleteOperation {
  const precondition = { type: 'revision', revision } as const;
  return { type: 'delete', key, ...encodeObject(decodeObject(value)), precondition };
}

function lastSeenMs({ lastTimestamp, eventTime, metadata }: Event): number {
  return parseTimestamp(lastTimestamp ?? eventTime ?? metadata.creationTimestamp) ?? 0;
}
