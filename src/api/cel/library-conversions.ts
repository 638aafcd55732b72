import {
  boolOf,
  bytesOf,
  doubleOf,
  durationOf,
  intOf,
  textOf,
  timestampOf,
  uintOf,
} from '#api/cel/argument.ts';
import { type Overload, overload, sizeLike, traversing } from '#api/cel/function.ts';
import { checkedInt, checkedUint } from '#api/cel/library-operators.ts';
import type { Meter } from '#api/cel/meter.ts';
import {
  formatDuration,
  formatTimestamp,
  isTimestampInRange,
  parseDuration,
  parseTimestamp,
} from '#api/cel/time.ts';
import {
  CelDuration,
  CelError,
  type CelResult,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  type CelValue,
  sizeOf,
  typeNameOf,
} from '#api/cel/value.ts';

const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

function typeConversion(from: string, to: string): CelError {
  return new CelError(`type conversion error from '${from}' to '${to}'`);
}

function intOfDouble(value: number): CelResult {
  return Math.abs(value) < TWO_63 ? BigInt(Math.trunc(value)) : new CelError('integer overflow');
}

function uintOfDouble(value: number): CelResult {
  return value >= 0 && value < TWO_64
    ? new CelUint(BigInt(Math.trunc(value)))
    : new CelError('unsigned integer overflow');
}

function intOfText(text: string): CelResult {
  const value = /^[+-]?\d{1,20}$/.test(text) ? checkedInt(BigInt(text.replace(/^\+/, ''))) : undefined;
  return value === undefined || value instanceof CelError ? typeConversion('string', 'int') : value;
}

function uintOfText(text: string): CelResult {
  const value = /^\d{1,20}$/.test(text) ? checkedUint(BigInt(text)) : undefined;
  return value === undefined || value instanceof CelError ? typeConversion('string', 'uint') : value;
}

/** The longest text of a double in characters; a longer one is none. */
const DOUBLE_CHARS_MAX = 512;

function doubleOfText(text: string): CelResult {
  if (text.length > DOUBLE_CHARS_MAX) return typeConversion('string', 'double');
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)
    ? Number(text)
    : typeConversion('string', 'double');
}

const TRUE_TEXTS = new Set(['1', 't', 'true', 'TRUE', 'True']);
const FALSE_TEXTS = new Set(['0', 'f', 'false', 'FALSE', 'False']);

function boolOfText(text: string): CelResult {
  if (TRUE_TEXTS.has(text)) return true;
  return FALSE_TEXTS.has(text) ? false : typeConversion('string', 'bool');
}

function timestampOfText(text: string): CelResult {
  const nanos = parseTimestamp(text);
  if (nanos === undefined) return typeConversion('string', 'google.protobuf.Timestamp');
  return isTimestampInRange(nanos) ? new CelTimestamp(nanos) : new CelError('timestamp overflow');
}

function durationOfText(text: string): CelResult {
  const nanos = parseDuration(text);
  return nanos === undefined ? typeConversion('string', 'google.protobuf.Duration') : new CelDuration(nanos);
}

function textOfBytes(bytes: Uint8Array): CelResult {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** A double as Go's `%g` writes it with as many digits as are needed. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e21)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e');
    const digits = exponent.replace(/^[+-]/, '').padStart(2, '0');
    return `${mantissa}e${exponent.startsWith('-') ? '-' : '+'}${digits}`;
  }
  return String(value);
}

/** Numbers, truth values and times are short when written. */
const SHORT_TEXT = { resultSize: (): number => 32 };
const BYTES_OF_TEXT = { cost: traversing(0), resultSize: sizeLike(0, 4) };
const TEXT_OF_BYTES = { cost: traversing(0), resultSize: sizeLike(0) };

/** Units for counting one character. */
const COUNTING = 0.01;

function countOf(value: CelValue, meter: Meter): bigint {
  if (typeof value === 'string') meter.charge(value.length * COUNTING);
  return BigInt(sizeOf(value));
}

/** Conversions, `size`, `type` and `dyn`. Source: the CEL language definition, "List of Standard Definitions". */
export const CONVERSIONS: readonly Overload[] = [
  overload('int(int): int', ([a]) => intOf(a)),
  overload('int(uint): int', ([a]) => checkedInt(uintOf(a))),
  overload('int(double): int', ([a]) => intOfDouble(doubleOf(a))),
  overload('int(string): int', ([a]) => intOfText(textOf(a))),
  overload('int(timestamp): int', ([a]) => {
    const nanos = timestampOf(a);
    return (nanos - (((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n;
  }),
  overload('int(duration): int', ([a]) => durationOf(a)),
  overload('uint(uint): uint', ([a]) => new CelUint(uintOf(a))),
  overload('uint(int): uint', ([a]) => checkedUint(intOf(a))),
  overload('uint(double): uint', ([a]) => uintOfDouble(doubleOf(a))),
  overload('uint(string): uint', ([a]) => uintOfText(textOf(a))),
  overload('double(double): double', ([a]) => doubleOf(a)),
  overload('double(int): double', ([a]) => Number(intOf(a))),
  overload('double(uint): double', ([a]) => Number(uintOf(a))),
  overload('double(string): double', ([a]) => doubleOfText(textOf(a))),
  overload('bool(bool): bool', ([a]) => boolOf(a)),
  overload('bool(string): bool', ([a]) => boolOfText(textOf(a))),
  overload('string(string): string', ([a]) => textOf(a), { resultSize: sizeLike(0) }),
  overload('string(bool): string', ([a]) => String(boolOf(a)), SHORT_TEXT),
  overload('string(int): string', ([a]) => String(intOf(a)), SHORT_TEXT),
  overload('string(uint): string', ([a]) => String(uintOf(a)), SHORT_TEXT),
  overload('string(double): string', ([a]) => formatDouble(doubleOf(a)), SHORT_TEXT),
  overload('string(bytes): string', ([a]) => textOfBytes(bytesOf(a)), TEXT_OF_BYTES),
  overload('string(timestamp): string', ([a]) => formatTimestamp(timestampOf(a)), SHORT_TEXT),
  overload('string(duration): string', ([a]) => formatDuration(durationOf(a)), SHORT_TEXT),
  overload('bytes(bytes): bytes', ([a]) => bytesOf(a), { resultSize: sizeLike(0) }),
  overload('bytes(string): bytes', ([a]) => Buffer.from(textOf(a)), BYTES_OF_TEXT),
  overload('timestamp(timestamp): timestamp', ([a]) => new CelTimestamp(timestampOf(a))),
  overload('timestamp(string): timestamp', ([a]) => timestampOfText(textOf(a))),
  overload('timestamp(int): timestamp', ([a]) => {
    const nanos = intOf(a) * 1_000_000_000n;
    return isTimestampInRange(nanos) ? new CelTimestamp(nanos) : new CelError('timestamp overflow');
  }),
  overload('duration(duration): duration', ([a]) => new CelDuration(durationOf(a))),
  overload('duration(string): duration', ([a]) => durationOfText(textOf(a))),
  overload('duration(int): duration', ([a]) => new CelDuration(intOf(a))),
  overload('dyn(A): dyn', ([a = null]) => a, { resultSize: sizeLike(0) }),
  overload('type(A): type(A)', ([a = null]) => new CelTypeValue(typeNameOf(a))),
  ...['string', 'bytes', 'list(A)', 'map(A, B)'].flatMap((type) => [
    overload(`size(${type}): int`, ([a = null], meter) => countOf(a, meter)),
    overload(`${type}.size(): int`, ([a = null], meter) => countOf(a, meter)),
  ]),
];
