import type { EtcdClient } from '#store/etcd-client.ts';
import { type Epochs, type EtcdFacts, readFacts } from '#store/etcd-epochs.ts';
import { isCompacted, isTooLarge } from '#store/etcd-errors.ts';
import { OBJECTS, rangeEndOf, storeKeyOf, unpackValue } from '#store/etcd-keys.ts';
import { type Entry, StoreUnavailableError } from '#store/store.ts';
import { must } from '#system/assert.ts';

/** Keys in one answer; fewer where their values are large. */
const PAGE_KEYS_MAX = 1000;

/** How often compaction may overtake the reading of a snapshot before that fails. */
const TRIES_MAX = 5;

/** All objects as they were at one revision of etcd. */
export interface EtcdSnapshot {
  readonly revision: number;
  readonly entries: readonly Entry[];
}

/**
 * Reads the objects at the oldest revision that may be read, so that all history since can be learned from a watch. Where
 * somebody else has compacted etcd beyond that, at the newest.
 */
export async function readSnapshot(client: EtcdClient, facts: EtcdFacts): Promise<EtcdSnapshot> {
  let at = facts.compacted;
  for (let tries = 1; ; tries++) {
    try {
      return { revision: at, entries: await readObjects(client, { at, epochs: facts.epochs }) };
    } catch (error) {
      if (!isCompacted(error) || tries === TRIES_MAX) throw error;
      const now = await readFacts(client);
      if (now === undefined) throw new StoreUnavailableError('etcd was emptied while it was read');
      at = now.revision;
    }
  }
}

async function readObjects(
  client: EtcdClient,
  { at, epochs }: { at: number; epochs: Epochs },
): Promise<Entry[]> {
  const entries: Entry[] = [];
  const rangeEnd = rangeEndOf(OBJECTS);
  let key: Buffer = Buffer.from(OBJECTS);
  let limit = PAGE_KEYS_MAX;
  for (;;) {
    const answer = await client.range({ key, rangeEnd, revision: at, limit }).catch((error: unknown) => {
      if (limit === 1 || !isTooLarge(error)) throw error;
      return undefined;
    });
    if (answer === undefined) {
      limit = Math.ceil(limit / 8);
      continue;
    }
    for (const kv of answer.kvs) {
      const name = must(storeKeyOf(kv.key), 'an object under the prefix of objects');
      const revision = epochs.toRevision(kv.modRevision);
      entries.push({ key: name, value: unpackValue(name, kv.value, revision), revision });
    }
    const last = answer.kvs.at(-1);
    if (!answer.more || last === undefined) return entries;
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
}
