import { crc32 } from 'node:zlib';
import { spliceRevision } from '#store/commit-rules.ts';
import { StoreFormatError } from '#store/store.ts';

/**
 * What the driver keeps where in etcd. A store's key `/registry/…` is etcd's `skerry/objects/registry/…`; beside the objects
 * are a few keys of the driver's own. Everything else in the same etcd is left alone, but is seen: see `etcd-feed.ts`.
 */
export const OBJECTS = 'skerry/objects';

/** One key for each epoch, `skerry/epochs/0003`: the epoch is in force from the revision at which its key was made. */
export const EPOCHS = 'skerry/epochs/';

/** The revision (etcd's, decimal) before which nothing is to be read any more. */
export const COMPACTED = 'skerry/compacted';

/** The last states of the keys that the newest deletion with a last state deleted. Each such commit writes it anew. */
export const DELETED = 'skerry/deleted';

/** A restore is being written beside what is there; each one rewrites it. */
export const DRAFT = 'skerry/restore';

/** The objects of a restore that are not in place yet. */
export const DRAFTS = 'skerry/restoring';

/** There where a restore was decided, and not all of its objects are in place. */
export const DECIDED = 'skerry/restored';

/** The key of an epoch under {@link EPOCHS}. */
export function epochKey(epoch: number): Buffer {
  return Buffer.from(`${EPOCHS}${String(epoch).padStart(4, '0')}`);
}

/** The first byte of every stored value: the version of the envelope. */
const ENVELOPE_VERSION = 1;

const ENVELOPE_HEAD_BYTES = 9;

/** What `spliceRevision` needs to make the served bytes. */
export interface UnrevisedValue {
  readonly value: Uint8Array;
  readonly revisionOffset: number | undefined;
}

/** etcd's key of an object. */
export function objectKey(key: string): Buffer {
  return Buffer.from(OBJECTS + key, 'utf8');
}

/** The store's key of one of etcd's under {@link OBJECTS}; undefined for any other. */
export function storeKeyOf(key: Uint8Array): string | undefined {
  const text = textOf(key);
  return text.startsWith(OBJECTS) ? text.slice(OBJECTS.length) : undefined;
}

/** The text of a key. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** The end of the range of keys with this ASCII prefix. */
export function rangeEndOf(prefix: string): Buffer {
  const end = Buffer.from(prefix, 'utf8');
  end.writeUInt8((end.at(-1) ?? 0) + 1, end.length - 1);
  return end;
}

/**
 * Packs a value as etcd keeps it: version, checksum over key and all that follows, the place of the revision plus one (0: none), the bytes.
 * The revision itself is etcd's to give, so it is put in where the value is read.
 */
export function packValue(key: string, { value, revisionOffset }: UnrevisedValue): Buffer {
  const packed = Buffer.allocUnsafe(ENVELOPE_HEAD_BYTES + value.length);
  packed.writeUInt8(ENVELOPE_VERSION, 0);
  packed.writeUInt32BE(revisionOffset === undefined ? 0 : revisionOffset + 1, 5);
  packed.set(value, ENVELOPE_HEAD_BYTES);
  packed.writeUInt32BE(checksumOf(key, packed), 1);
  return packed;
}

/** The bytes to serve, as of `revision`: memory of their own. Throws {@link StoreFormatError} where they are not what was packed. */
export function unpackValue(key: string, packed: Uint8Array, revision: number): Uint8Array {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  if (bytes.length < ENVELOPE_HEAD_BYTES || bytes.readUInt8(0) !== ENVELOPE_VERSION) {
    throw new StoreFormatError(
      `etcd holds "${key}" in a form that this Skerry does not know: run the newer Skerry, or delete what is not Skerry's`,
    );
  }
  if (bytes.readUInt32BE(1) !== checksumOf(key, bytes)) {
    throw new StoreFormatError(`etcd holds "${key}" damaged: restore a backup, or write it anew`);
  }
  const offset = bytes.readUInt32BE(5);
  const value = bytes.subarray(ENVELOPE_HEAD_BYTES);
  if (offset > 0) return spliceRevision(value, offset - 1, revision);
  const copy = Buffer.allocUnsafeSlow(value.length);
  copy.set(value);
  return copy;
}

function checksumOf(key: string, packed: Uint8Array): number {
  return crc32(packed.subarray(5), crc32(key));
}
