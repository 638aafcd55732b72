import { isTooDeep, type MutableJson } from '#api/json.ts';
import { malformed, nextField, readText, restOf, type WireReader } from '#api/protobuf/wire.ts';
import { timestamp } from '#system/clock.ts';

/** The years 1 to 9999 in seconds since 1970: what RFC 3339 can write. */
const SECONDS_MIN = -62_135_596_800;
const SECONDS_MAX = 253_402_300_799;
const NANOS_PER_SECOND = 1_000_000_000;

/** `resource.Quantity`: `{string string = 1}`. */
export function decodeQuantity(reader: WireReader): string {
  return decodeSingle(reader) ?? '0';
}

/** The text of field 1; undefined where there is none. */
function decodeSingle(reader: WireReader): string | undefined {
  let text: string | undefined;
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.number === 1 && field.wire === 'bytes') text = readText(field.reader);
  }
  return text;
}

/** `intstr.IntOrString`: `{int64 type = 1; int32 intVal = 2; string strVal = 3}`; type 0 is the integer. */
export function decodeIntOrString(reader: WireReader): number | string {
  let isString = false;
  let integer = 0;
  let text = '';
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.number === 1 && field.wire === 'varint') isString = field.value === 1;
    if (field.number === 2 && field.wire === 'varint') integer = field.value;
    if (field.number === 3 && field.wire === 'bytes') text = readText(field.reader);
  }
  return isString ? text : integer;
}

/** `metav1.Time` as RFC 3339; undefined for the zero time, which Kubernetes writes as null. */
export function decodeTime(reader: WireReader): string | undefined {
  const { seconds, nanos } = decodeSeconds(reader);
  return seconds === 0 && nanos === 0 ? undefined : timestamp(seconds * 1000);
}

/** `metav1.MicroTime` as RFC 3339 with six digits; undefined for the zero time. */
export function decodeMicroTime(reader: WireReader): string | undefined {
  const { seconds, nanos } = decodeSeconds(reader);
  if (seconds === 0 && nanos === 0) return undefined;
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0');
  return `${timestamp(seconds * 1000).slice(0, -1)}.${micros}Z`;
}

/** `{int64 seconds = 1; int32 nanos = 2}`. */
function decodeSeconds(reader: WireReader): { seconds: number; nanos: number } {
  let seconds = 0;
  let nanos = 0;
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.number === 1 && field.wire === 'varint') seconds = field.value;
    if (field.number === 2 && field.wire === 'varint') nanos = field.value;
  }
  const isTime = seconds >= SECONDS_MIN && seconds <= SECONDS_MAX && nanos >= 0 && nanos < NANOS_PER_SECOND;
  if (!isTime) throw malformed(`${seconds} seconds and ${nanos} nanoseconds are no time`);
  return { seconds, nanos };
}

/** `ExtraValue`: `{repeated string items = 1}`. */
export function decodeList(reader: WireReader): string[] {
  const items: string[] = [];
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.number === 1 && field.wire === 'bytes') items.push(readText(field.reader));
  }
  return items;
}

/** The bytes of field 1, as `RawExtension`, `FieldsV1` and `JSON` hold them; undefined where there are none. */
export function decodeRaw(reader: WireReader): Uint8Array | undefined {
  let raw: Uint8Array | undefined;
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.number === 1 && field.wire === 'bytes') raw = restOf(field.reader);
  }
  return raw === undefined || raw.length === 0 ? undefined : raw;
}

/** JSON inside a message. Throws BadRequest where it is none or nests too deep. */
export function parseJsonBytes(bytes: Uint8Array): MutableJson {
  const text = readText({ bytes, at: 0, end: bytes.length });
  try {
    const value = JSON.parse(text) as MutableJson;
    if (isTooDeep(value)) throw malformed('JSON inside the message nests too deep');
    return value;
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed(`JSON inside the message: ${error.message}`, error);
    throw error;
  }
}
