import { preconditionHolds } from '#store/commit-rules.ts';
import type { Epochs } from '#store/etcd-epochs.ts';
import { DELETED, EPOCHS, objectKey, packValue, rangeEndOf, unpackValue } from '#store/etcd-keys.ts';
import type { TxnRequest, TxnResponse } from '#store/etcd-messages.ts';
import type { CommitResult, Entry, Operation, Precondition } from '#store/store.ts';
import { bytes, type InputOf, list, type MessageOf, message, string } from '#system/protobuf.ts';

/** The value of {@link DELETED}: what watchers shall see of each key that a commit deletes. */
export const LastStates = message({ states: list(1, message({ key: string(1), packed: bytes(2) })) });

/** What is known of a key where a commit is planned; it may be old, then the commit is planned again. */
export type Known = (key: string) => Entry | undefined;

type Txn = InputOf<typeof TxnRequest>;
type Compare = NonNullable<Txn['compare']>[number];
type Write = NonNullable<Txn['success']>[number];

/**
 * One commit as one transaction of etcd, which goes through only where all preconditions hold and the epoch is still the
 * one known. Where it does not go through, it reads what is there instead, in the order of the operations.
 */
export function planTxn(
  operations: readonly Operation[],
  { epochs, known, withLastStates }: { epochs: Epochs; known: Known; withLastStates: boolean },
): Txn {
  const compare: Compare[] = [epochUnchanged(epochs)];
  const success: Write[] = [];
  const states: { key: string; packed: Uint8Array }[] = [];
  for (const operation of operations) {
    const key = objectKey(operation.key);
    const precondition = operation.precondition ?? guardOf(operation, known);
    if (precondition !== undefined) compare.push(compareOf(key, precondition, epochs));
    if (operation.type === 'check') continue;
    if (operation.type === 'put') {
      success.push({ put: { key, value: packValue(operation.key, unrevised(operation)) } });
    } else if (precondition?.type !== 'absent') {
      success.push({ deleteRange: { key } });
      const { value } = operation;
      if (value !== undefined)
        states.push({
          key: operation.key,
          packed: packValue(operation.key, unrevised({ ...operation, value })),
        });
    }
  }
  if (withLastStates && states.length > 0)
    success.push({ put: { key: Buffer.from(DELETED), value: LastStates.encode({ states }) } });
  const failure = operations.map(({ key }) => ({ range: { key: objectKey(key) } }));
  return { compare, success, failure };
}

/** What a transaction came to; undefined where only what was known was wrong. `changed`: it has a revision of its own. */
export type TxnOutcome =
  | { readonly type: 'committed'; readonly changed: boolean }
  | Extract<CommitResult, { type: 'conflict' }>;

export function outcomeOf(
  operations: readonly Operation[],
  answer: MessageOf<typeof TxnResponse>,
  epochs: Epochs,
): TxnOutcome | undefined {
  if (answer.succeeded) {
    const changed =
      operations.some(({ type }) => type === 'put') ||
      answer.responses.some(({ deleteRange }) => (deleteRange?.deleted ?? 0) > 0);
    return { type: 'committed', changed };
  }
  for (const [index, { key, precondition }] of operations.entries()) {
    const found = answer.responses[index]?.range?.kvs[0];
    const revision = found && epochs.toRevision(found.modRevision);
    if (preconditionHolds(precondition, revision)) continue;
    const current =
      found === undefined || revision === undefined
        ? undefined
        : { key, value: unpackValue(key, found.value, revision), revision };
    return { type: 'conflict', key, current };
  }
  return undefined;
}

/** The last states that a commit wrote, by key, as of its revision. */
export function lastStatesOf(value: Uint8Array, revision: number): Map<string, Uint8Array> {
  const { states } = LastStates.decode(value);
  return new Map(states.map(({ key, packed }) => [key, unpackValue(key, packed, revision)]));
}

/**
 * A deletion with a last state must know whether it deletes anything: it would otherwise write a last state for nothing,
 * at a revision of its own.
 */
function guardOf(operation: Operation, known: Known): Precondition | undefined {
  if (operation.type !== 'delete' || operation.value === undefined) return undefined;
  const entry = known(operation.key);
  return entry === undefined ? { type: 'absent' } : { type: 'revision', revision: entry.revision };
}

function unrevised({ value, revisionOffset }: { value: Uint8Array; revisionOffset?: number }): {
  value: Uint8Array;
  revisionOffset: number | undefined;
} {
  return { value, revisionOffset };
}

function epochUnchanged({ current }: Epochs): Compare {
  const range = { key: Buffer.from(EPOCHS), rangeEnd: rangeEndOf(EPOCHS) };
  return { ...range, result: 'LESS', target: 'CREATE', createRevision: current.from + 1 };
}

function compareOf(key: Uint8Array, precondition: Precondition, epochs: Epochs): Compare {
  switch (precondition.type) {
    case 'absent':
      return { key, result: 'EQUAL', target: 'VERSION' };
    case 'present':
      return { key, result: 'GREATER', target: 'VERSION' };
    case 'revision': {
      const modRevision = epochs.toEtcd(precondition.revision);
      // No key was ever changed at that revision: compare what never holds.
      if (modRevision === undefined || modRevision < 1) return { key, result: 'LESS', target: 'VERSION' };
      return { key, result: 'EQUAL', target: 'MOD', modRevision };
    }
  }
}
