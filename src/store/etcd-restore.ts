import type { EtcdClient } from '#store/etcd-client.ts';
import { readFacts } from '#store/etcd-epochs.ts';
import {
  COMPACTED,
  DECIDED,
  DRAFT,
  DRAFTS,
  epochKey,
  OBJECTS,
  objectKey,
  packValue,
  rangeEndOf,
  textOf,
} from '#store/etcd-keys.ts';
import type { TxnRequest } from '#store/etcd-messages.ts';
import { type Entry, EPOCH_MAX, StoreUnavailableError } from '#store/store.ts';
import { must } from '#system/assert.ts';
import { failpoint } from '#system/failpoints.ts';
import type { InputOf } from '#system/protobuf.ts';

/**
 * How a backup gets into an etcd, all of it or nothing: everything is first written beside what is there, under
 * `skerry/restoring/`; one transaction then deletes all objects, raises the epoch, which ends every hub that runs, and says that
 * the drafts are what counts. Moving them into place can be cut off, and is done again by whoever opens the store next.
 */

/** Objects in one transaction, within etcd's `--max-txn-ops=256`. */
const BATCH_OBJECTS_MAX = 100;

/** Bytes of values in one transaction, but for one larger object, within `--max-request-bytes=8388608`. */
const BATCH_BYTES_MAX = 2 * 1024 * 1024;

type Txn = InputOf<typeof TxnRequest>;

/** What an etcd holds of Skerry's before a restore. */
export interface EtcdContent {
  readonly objects: number;
  /** Undefined where no hub ever opened it. */
  readonly epoch: number | undefined;
}

/** What would be replaced. Finishes what an earlier restore has decided, and throws away what it has not. */
export async function contentOfEtcd(client: EtcdClient): Promise<EtcdContent> {
  await finishEtcdRestore(client);
  const range = { key: Buffer.from(OBJECTS), rangeEnd: rangeEndOf(OBJECTS), countOnly: true };
  const { count } = await client.range(range);
  const facts = await readFacts(client);
  return { objects: count, epoch: facts?.epochs.current.epoch };
}

/** Replaces all objects by `entries`, in `epoch`, which is above every one there was. Resolves when it is done and durable. */
export async function restoreIntoEtcd(
  client: EtcdClient,
  { epoch, entries }: { epoch: number; entries: AsyncIterable<Entry> },
): Promise<void> {
  if (epoch > EPOCH_MAX) throw new Error(`epoch ${epoch} is beyond ${EPOCH_MAX}, the last one there is`);
  const claim = await client.txn({
    success: [
      { deleteRange: { key: Buffer.from(DRAFTS), rangeEnd: rangeEndOf(DRAFTS) } },
      { put: { key: Buffer.from(DRAFT), value: Buffer.from(String(epoch)) } },
    ],
  });
  const { revision, clusterId } = must(claim.header, 'a header in an answer of etcd');
  const ours = { key: Buffer.from(DRAFT), result: 'EQUAL', target: 'MOD', modRevision: revision } as const;
  for await (const batch of batchesOf(entries)) {
    const success = batch.map(({ key, packed }) => ({
      put: { key: Buffer.from(DRAFTS + key), value: packed },
    }));
    await mustSucceed(client, { compare: [ours], success });
  }
  failpoint('restore.before-commit');
  await mustSucceed(client, {
    compare: [ours, { key: epochKey(epoch), result: 'EQUAL', target: 'VERSION' }],
    success: [
      { deleteRange: { key: Buffer.from(OBJECTS), rangeEnd: rangeEndOf(OBJECTS) } },
      { deleteRange: { key: Buffer.from(DRAFT) } },
      { put: { key: Buffer.from(DECIDED), value: Buffer.from(String(epoch)) } },
      { put: { key: epochKey(epoch), value: Buffer.from(String(clusterId)) } },
    ],
  });
  failpoint('restore.after-commit');
  await finishEtcdRestore(client);
}

/**
 * Moves the drafts of a decided restore into place; does nothing where there is none. Several processes may do it at the same
 * time: each object is moved once.
 */
export async function finishEtcdRestore(client: EtcdClient): Promise<void> {
  for (;;) {
    const decided = (await client.range({ key: Buffer.from(DECIDED) })).kvs[0];
    if (decided === undefined) return;
    const keys = { key: Buffer.from(DRAFTS), rangeEnd: rangeEndOf(DRAFTS) };
    const page = await client.range({ ...keys, limit: 1 });
    const [first] = page.kvs;
    const still = { key: Buffer.from(DECIDED), result: 'GREATER', target: 'VERSION' } as const;
    if (first === undefined) {
      const { revision } = must(page.header, 'a header in an answer of etcd');
      // Nobody reads what was there while the objects came one after the other.
      await client.txn({
        compare: [still],
        success: [
          { put: { key: Buffer.from(COMPACTED), value: Buffer.from(String(revision)) } },
          { deleteRange: { key: Buffer.from(DECIDED) } },
        ],
      });
      continue;
    }
    await moveSome(client, still);
    failpoint('restore.in-place');
  }
}

async function moveSome(client: EtcdClient, still: NonNullable<Txn['compare']>[number]): Promise<void> {
  const { kvs } = await client.range({
    ...{ key: Buffer.from(DRAFTS), rangeEnd: rangeEndOf(DRAFTS), limit: BATCH_OBJECTS_MAX },
  });
  let bytes = 0;
  const batch = kvs.filter(({ value }, index) => {
    bytes += value.length;
    return index === 0 || bytes <= BATCH_BYTES_MAX;
  });
  // Where another process has moved one of them, nothing of this happens: what it made of it meanwhile stays.
  await client.txn({
    compare: [
      still,
      ...batch.map(({ key }) => ({ key, result: 'GREATER' as const, target: 'VERSION' as const })),
    ],
    success: batch.flatMap(({ key, value }) => [
      { put: { key: objectKey(textOf(key).slice(DRAFTS.length)), value } },
      { deleteRange: { key } },
    ]),
  });
}

async function mustSucceed(client: EtcdClient, txn: Txn): Promise<void> {
  const { succeeded } = await client.txn(txn);
  if (!succeeded)
    throw new StoreUnavailableError(
      'another restore into this etcd began meanwhile: nothing of this one counts',
    );
}

async function* batchesOf(
  entries: AsyncIterable<Entry>,
): AsyncGenerator<{ key: string; packed: Buffer }[], void, undefined> {
  let batch: { key: string; packed: Buffer }[] = [];
  let bytes = 0;
  for await (const entry of entries) {
    const packed = packValue(entry.key, unrevised(entry));
    if (batch.length >= BATCH_OBJECTS_MAX || (batch.length > 0 && bytes + packed.length > BATCH_BYTES_MAX)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push({ key: entry.key, packed });
    bytes += packed.length;
  }
  if (batch.length > 0) yield batch;
}

/** Where the API server has the store put the revision: behind apiVersion and kind. */
const REVISION_HEAD = '"metadata":{"resourceVersion":"';

/** A longer apiVersion and kind there are not, in bytes. */
const HEAD_BYTES_MAX = 1024;

/** In etcd, values are kept without their revision, which is etcd's to give. */
function unrevised({ value, revision }: Entry): { value: Uint8Array; revisionOffset: number | undefined } {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const digits = `${REVISION_HEAD}${revision}"`;
  const at = bytes.subarray(0, HEAD_BYTES_MAX).indexOf(digits);
  if (at === -1) return { value, revisionOffset: undefined };
  const revisionOffset = at + REVISION_HEAD.length;
  const after = revisionOffset + String(revision).length;
  return { value: Buffer.concat([bytes.subarray(0, revisionOffset), bytes.subarray(after)]), revisionOffset };
}
