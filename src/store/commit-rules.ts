import type { Operation, Precondition } from '#store/store.ts';
import { COMMIT_OPERATIONS_MAX, KEY_CHARS_MAX, VALUE_BYTES_MAX } from '#store/store.ts';
import { assert } from '#system/assert.ts';

/** Asserts what the contract asks of the caller: limits, well-formed keys, and each key at most once. */
export function assertOperations(operations: readonly Operation[]): void {
  const count = operations.length;
  assert(
    count >= 1 && count <= COMMIT_OPERATIONS_MAX,
    `commit ${count} operations: want 1 to ${COMMIT_OPERATIONS_MAX}`,
  );
  for (const operation of operations) {
    assertKey(operation.key);
    if (operation.value !== undefined) assertValue(operation.key, operation.value, operation.revisionOffset);
  }
  if (count === 1) return;
  const keys = new Set(operations.map((operation) => operation.key));
  assert(keys.size === count, 'commit operations: a key stands more than once');
}

/** Whether `precondition` holds of a key whose entry has `revision`; undefined where it has no entry. */
export function preconditionHolds(
  precondition: Precondition | undefined,
  revision: number | undefined,
): boolean {
  switch (precondition?.type) {
    case undefined:
      return true;
    case 'absent':
      return revision === undefined;
    case 'present':
      return revision !== undefined;
    case 'revision':
      return revision === precondition.revision;
  }
}

/** `value` with the decimal digits of `revision` inserted at byte `offset`; `value` itself where there is no offset. */
export function spliceRevision(value: Uint8Array, offset: number | undefined, revision: number): Uint8Array {
  if (offset === undefined) return value;
  const digits = String(revision);
  // Exact memory instead of Buffer's shared pool: watchers keep these bytes for long.
  const spliced = Buffer.allocUnsafeSlow(value.length + digits.length);
  spliced.set(value.subarray(0, offset), 0);
  spliced.write(digits, offset, 'latin1');
  spliced.set(value.subarray(offset), offset + digits.length);
  return spliced;
}

/** The bytes of values in a commit, for the limit on what waits. */
export function valueBytes(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const operation of operations) bytes += operation.value?.length ?? 0;
  return bytes;
}

function assertKey(key: string): void {
  const ok = key.length >= 1 && key.length <= KEY_CHARS_MAX && key.isWellFormed() && !key.includes('\0');
  assert(
    ok,
    `commit key ${JSON.stringify(key.slice(0, 80))}: want 1 to ${KEY_CHARS_MAX} well-formed characters`,
  );
}

function assertValue(key: string, value: Uint8Array, offset: number | undefined): void {
  assert(
    value.length <= VALUE_BYTES_MAX,
    `commit "${key}": ${value.length} bytes: want at most ${VALUE_BYTES_MAX}`,
  );
  const offsetOk =
    offset === undefined || (Number.isInteger(offset) && offset >= 0 && offset <= value.length);
  assert(offsetOk, `commit "${key}": revision offset ${offset} of ${value.length} bytes`);
}
