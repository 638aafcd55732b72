import type { DatabaseSync } from 'node:sqlite';
import { preconditionHolds, spliceRevision } from '#store/commit-rules.ts';
import { checksumOf, prepare } from '#store/sqlite-statement.ts';
import type { Operation } from '#store/store.ts';

/** What the operations of one commit come to, before it is durable. */
export type Applied =
  | { readonly type: 'committed'; readonly revision: number; readonly changes: readonly AppliedChange[] }
  /** `id`: the row in force of the key whose precondition fails; undefined where it has none. */
  | { readonly type: 'conflict'; readonly key: string; readonly id: number | undefined };

/** One row that was appended. */
export interface AppliedChange {
  readonly id: number;
  readonly key: string;
  readonly deleted: boolean;
  /** Undefined for a deletion whose last state is that of the row before. */
  readonly value: Uint8Array | undefined;
  /** The row superseded, where it was no tombstone. */
  readonly previousId: number | undefined;
}

/** The newest row of a key. */
interface Current {
  readonly id: number;
  readonly revision: number;
  readonly deleted: boolean;
}

interface Target<Kind extends Operation = Operation> {
  readonly operation: Kind;
  readonly current: Current | undefined;
}

type Write = Exclude<Operation, { type: 'check' }>;

/** Whether an operation changes anything. */
function isEffective(target: Target): target is Target<Write> {
  const { operation, current } = target;
  return (
    operation.type === 'put' || (operation.type === 'delete' && current !== undefined && !current.deleted)
  );
}

/** Applies commits within the transaction that the caller holds open. */
export interface SqliteWriter {
  /** Appends the operations after `revision`, the newest one; or nothing, where a precondition fails. */
  apply(operations: readonly Operation[], revision: number): Applied;
}

/** Prepares the statements that append. */
export function createSqliteWriter(database: DatabaseSync): SqliteWriter {
  const findCurrent = prepare<[key: string], [id: number, ahead: number, deleted: number]>(
    database,
    'SELECT id, ahead, deleted FROM current WHERE key = ?',
  );
  const appendRow = prepare<
    [
      id: number,
      ahead: number,
      key: string,
      previous: number,
      deleted: number,
      checksum: number,
      value: Uint8Array | null,
    ]
  >(
    database,
    'INSERT INTO log (id, ahead, key, previous, deleted, checksum, value) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const replaceCurrent = prepare<[key: string, id: number, ahead: number, deleted: number]>(
    database,
    'INSERT OR REPLACE INTO current (key, id, ahead, deleted) VALUES (?, ?, ?, ?)',
  );

  const currentOf = (key: string): Current | undefined => {
    const row = findCurrent.one(key);
    return row && { id: row[0], revision: row[0] + row[1], deleted: row[2] === 1 };
  };

  const append = ({ operation, current }: Target<Write>, id: number, revision: number): AppliedChange => {
    const { key } = operation;
    const deleted = operation.type === 'delete';
    const value = operation.value && spliceRevision(operation.value, operation.revisionOffset, revision);
    const stored = value ?? null;
    const flag = deleted ? 1 : 0;
    appendRow.run(id, revision - id, key, current?.id ?? 0, flag, checksumOf(key, stored), stored);
    replaceCurrent.run(key, id, revision - id, flag);
    return { id, key, deleted, value, previousId: current?.deleted ? undefined : current?.id };
  };

  return {
    apply(operations, revision) {
      const targets = operations.map(
        (operation): Target => ({ operation, current: currentOf(operation.key) }),
      );
      for (const { operation, current } of targets) {
        const live = current?.deleted ? undefined : current;
        if (preconditionHolds(operation.precondition, live?.revision)) continue;
        return { type: 'conflict', key: operation.key, id: live?.id };
      }
      const effective = targets.filter(isEffective);
      const next = revision + effective.length;
      const changes = effective.map((target, index) => append(target, revision + index + 1, next));
      return { type: 'committed', revision: next, changes };
    },
  };
}
