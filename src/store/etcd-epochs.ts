import type { EtcdClient } from '#store/etcd-client.ts';
import { COMPACTED, EPOCHS, epochKey, OBJECTS, rangeEndOf, textOf } from '#store/etcd-keys.ts';
import type { RangeResponse } from '#store/etcd-messages.ts';
import { EPOCH_MAX, REVISIONS_PER_EPOCH, StoreFormatError } from '#store/store.ts';
import { assert, must } from '#system/assert.ts';
import type { MessageOf } from '#system/protobuf.ts';

/** An epoch, in force from revision `from` of etcd on. */
export interface Epoch {
  readonly epoch: number;
  readonly from: number;
}

/** The epochs of one etcd, and so the way between its revisions and the store's. */
export interface Epochs {
  readonly current: Epoch;
  /** The store's revision of one of etcd's. */
  toRevision(etcdRevision: number): number;
  /** etcd's revision of one of the store's; undefined where no commit can have had it. */
  toEtcd(revision: number): number | undefined;
}

/** What an etcd holds beside its objects, at `revision`, its newest. */
export interface EtcdFacts {
  readonly epochs: Epochs;
  readonly revision: number;
  /** The revision (etcd's) before which nothing is to be read. */
  readonly compacted: number;
}

/** How often two processes may be in each other's way before one gives up. */
const CLAIMS_MAX = 20;

/**
 * Reads the epochs, and raises them where that is due: at the first opening, for an `epochMin` above the one in force, and
 * where the data lies in another cluster than when its epoch began, which is what restoring a snapshot of etcd makes of it.
 * Several processes that open at the same time agree on one epoch.
 */
export async function claimEpoch(client: EtcdClient, epochMin: number): Promise<EtcdFacts> {
  assert(epochMin <= EPOCH_MAX, `epoch ${epochMin}: want at most ${EPOCH_MAX}`);
  for (let claims = 0; claims < CLAIMS_MAX; claims++) {
    const answer = await client.range({ key: Buffer.from(EPOCHS), rangeEnd: rangeEndOf(EPOCHS) });
    const { clusterId, revision } = must(answer.header, 'a header in an answer of etcd');
    const known = epochsOf(answer);
    const last = known.at(-1);
    const moved = last !== undefined && last.cluster !== String(clusterId);
    if (last !== undefined && !moved && last.epoch >= epochMin) return await factsOf(client, known);
    if (last === undefined) await assertEmpty(client);
    const epoch = Math.max(epochMin, last === undefined ? 0 : moved ? last.epoch + 1 : 0);
    const key = epochKey(epoch);
    await client.txn({
      // Nobody has raised it since: every epoch there is was made no later than what was read.
      compare: [
        { result: 'EQUAL', target: 'VERSION', key },
        ...(last === undefined
          ? []
          : [
              {
                result: 'LESS' as const,
                target: 'CREATE' as const,
                key: Buffer.from(EPOCHS),
                rangeEnd: rangeEndOf(EPOCHS),
                createRevision: revision + 1,
              },
            ]),
      ],
      success: [{ put: { key, value: Buffer.from(String(clusterId)) } }],
    });
  }
  throw new Error(`etcd: the epoch was claimed by others ${CLAIMS_MAX} times`);
}

/** Reads the facts as they are, without raising anything; undefined where this etcd holds no store. */
export async function readFacts(client: EtcdClient): Promise<EtcdFacts | undefined> {
  const answer = await client.range({ key: Buffer.from(EPOCHS), rangeEnd: rangeEndOf(EPOCHS) });
  const known = epochsOf(answer);
  return known.length === 0 ? undefined : factsOf(client, known);
}

interface KnownEpoch extends Epoch {
  /** The cluster in which it began. */
  readonly cluster: string;
}

function epochsOf({ kvs }: MessageOf<typeof RangeResponse>): KnownEpoch[] {
  return kvs.map(({ key, value, createRevision }) => {
    const epoch = Number(textOf(key).slice(EPOCHS.length));
    if (!Number.isInteger(epoch)) {
      throw new StoreFormatError(
        `etcd holds "${textOf(key)}", which is no epoch: this data is not Skerry's, or damaged`,
      );
    }
    return { epoch, from: createRevision, cluster: textOf(value) };
  });
}

async function factsOf(client: EtcdClient, known: readonly Epoch[]): Promise<EtcdFacts> {
  const marker = await client.range({ key: Buffer.from(COMPACTED) });
  const { revision } = must(marker.header, 'a header in an answer of etcd');
  const compacted = Number(textOf(marker.kvs[0]?.value ?? Buffer.from('0')));
  const epochs = createEpochs(known);
  return { epochs, revision, compacted: Math.max(compacted, epochs.current.from) };
}

async function assertEmpty(client: EtcdClient): Promise<void> {
  const { count } = await client.range({
    key: Buffer.from(OBJECTS),
    rangeEnd: rangeEndOf(OBJECTS),
    countOnly: true,
  });
  if (count === 0) return;
  throw new StoreFormatError(`etcd holds ${count} objects of Skerry, but no epoch: restore a backup`);
}

/** The mapping for epochs in their order. */
export function createEpochs(known: readonly Epoch[]): Epochs {
  const current = must(known.at(-1), 'an epoch');
  const epochAt = (etcdRevision: number): number => {
    return known.findLast(({ from }) => from <= etcdRevision)?.epoch ?? known[0]?.epoch ?? 0;
  };
  return {
    current,
    toRevision: (etcdRevision) => epochAt(etcdRevision) * REVISIONS_PER_EPOCH + etcdRevision,
    toEtcd(revision) {
      const etcdRevision = revision % REVISIONS_PER_EPOCH;
      const isOfItsEpoch = epochAt(etcdRevision) === Math.floor(revision / REVISIONS_PER_EPOCH);
      return isOfItsEpoch ? etcdRevision : undefined;
    },
  };
}
