import { badRequest, type StatusError } from '#api/status.ts';

/** A part of a message that is being read. */
export interface WireReader {
  readonly bytes: Uint8Array;
  /** Where the next byte is. */
  at: number;
  /** Where this message ends. */
  readonly end: number;
}

/** One field as it stands on the wire. */
export type WireField =
  | { readonly number: number; readonly wire: 'varint'; readonly value: number }
  | { readonly number: number; readonly wire: 'fixed64'; readonly value: number }
  | { readonly number: number; readonly wire: 'fixed32' }
  | { readonly number: number; readonly wire: 'bytes'; readonly reader: WireReader };

/** The longest number on the wire, in bytes: 64 bits in groups of seven; a longer one is malformed. */
const VARINT_BYTES_MAX = 10;
/** Varints up to this many bytes hold at most 49 bits: exact in a double. */
const VARINT_BYTES_SAFE = 7;
const FIELD_NUMBER_MAX = 2 ** 29 - 1;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** BadRequest for bytes that are no message of the kind that they claim to be. */
export function malformed(why: string, cause?: unknown): StatusError {
  return badRequest(`unable to decode Protobuf body: ${why}`, cause);
}

/** A reader over all of these bytes. */
export function wireReader(bytes: Uint8Array): WireReader {
  return { bytes, at: 0, end: bytes.length };
}

/** The next field; undefined at the end. Throws BadRequest where the bytes are cut off or are no Protobuf. */
export function nextField(reader: WireReader): WireField | undefined {
  if (reader.at >= reader.end) return undefined;
  const tag = readVarint(reader);
  const number = Math.floor(tag / 8);
  if (number < 1 || number > FIELD_NUMBER_MAX)
    throw malformed(`field number ${number} at byte ${reader.at} is out of range`);
  switch (tag % 8) {
    case 0:
      return { number, wire: 'varint', value: readVarint(reader) };
    case 1:
      return { number, wire: 'fixed64', value: readDouble(reader) };
    case 2:
      return { number, wire: 'bytes', reader: readBytes(reader) };
    case 5:
      take(reader, 4);
      return { number, wire: 'fixed32' };
    default:
      throw malformed(`wire type ${tag % 8} at byte ${reader.at} is not supported`);
  }
}

/** A varint as a signed 64-bit integer. Throws BadRequest where a double cannot hold it exactly. */
export function readVarint(reader: WireReader): number {
  let value = 0;
  for (let index = 0; index < VARINT_BYTES_SAFE; index += 1) {
    const byte = reader.bytes[take(reader, 1)] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  return readLongVarint(reader, BigInt(value));
}

function readLongVarint(reader: WireReader, low: bigint): number {
  let value = low;
  for (let index = VARINT_BYTES_SAFE; index < VARINT_BYTES_MAX; index += 1) {
    const byte = reader.bytes[take(reader, 1)] ?? 0;
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte >= 0x80) continue;
    const signed = Number(BigInt.asIntN(64, value));
    if (!Number.isSafeInteger(signed)) throw malformed(`integer ${BigInt.asIntN(64, value)} is out of range`);
    return signed;
  }
  throw malformed(`integer at byte ${reader.at} has more than ${VARINT_BYTES_MAX} bytes`);
}

function readDouble(reader: WireReader): number {
  const at = take(reader, 8);
  return new DataView(reader.bytes.buffer, reader.bytes.byteOffset + at, 8).getFloat64(0, true);
}

function readBytes(reader: WireReader): WireReader {
  const length = readVarint(reader);
  const at = take(reader, length);
  return { bytes: reader.bytes, at, end: at + length };
}

/** Moves on by `count` bytes and returns where they start. */
function take(reader: WireReader, count: number): number {
  const { at } = reader;
  if (count < 0 || at + count > reader.end) {
    throw malformed(`${count} bytes wanted at byte ${at}, ${reader.end - at} left`);
  }
  reader.at = at + count;
  return at;
}

/** The rest of the reader's bytes as text. Throws BadRequest where they are not UTF-8. */
export function readText(reader: WireReader): string {
  try {
    return UTF8.decode(restOf(reader));
  } catch (error) {
    throw malformed(`text at byte ${reader.at} is not UTF-8`, error);
  }
}

/** The rest of the reader's bytes, not copied. */
export function restOf(reader: WireReader): Uint8Array {
  return reader.bytes.subarray(reader.at, reader.end);
}
