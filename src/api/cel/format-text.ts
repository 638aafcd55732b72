import { TRAVERSAL } from '#api/cel/function.ts';
import { formatDouble } from '#api/cel/library-conversions.ts';
import { RESULT_SIZE_MAX, tooLarge } from '#api/cel/library-operators.ts';
import type { Meter } from '#api/cel/meter.ts';
import { formatDuration, formatTimestamp } from '#api/cel/time.ts';
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  type CelResult,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  type CelValue,
  typeNameOf,
} from '#api/cel/value.ts';

/** The most digits after the point that may be asked for. */
const PRECISION_MAX = 1000;

/** `'%s has %d'.format([name, count])`. Source: cel-go's strings extension, `format`. */
export function formatText(format: string, args: CelList, meter: Meter): CelResult {
  let next = 0;
  let result = '';
  const pieces = /%(?:(%)|(?:\.(\d+))?([a-zA-Z])|)|[^%]+/g;
  for (const [piece, percent, precision, verb] of format.matchAll(pieces)) {
    if (percent === '%') {
      result += '%';
    } else if (!piece.startsWith('%')) {
      result += piece;
    } else if (verb === undefined) {
      return new CelError('unexpected end of string');
    } else {
      if (next >= args.size) return new CelError(`index ${next} out of range`);
      const value = args.at(next);
      next += 1;
      if (value instanceof CelError) return value;
      const text = formatVerb(verb, precision === undefined ? undefined : Number(precision), value);
      if (text instanceof CelError) return text;
      meter.charge(Math.ceil(text.length * TRAVERSAL));
      result += text;
    }
    if (result.length > RESULT_SIZE_MAX) return tooLarge();
  }
  return result;
}

function formatVerb(verb: string, precision: number | undefined, value: CelValue): string | CelError {
  if ((precision ?? 0) > PRECISION_MAX)
    return new CelError(`could not parse formatting clause: precision ${precision} is too large`);
  const refused = (wanted: string): CelError =>
    new CelError(`error during formatting: ${wanted} was given ${typeNameOf(value)}`);
  switch (verb) {
    case 's':
      return formatAny(value, 0);
    case 'd':
      return integerOf(value)?.toString() ?? refused('decimal clause can only be used on integers,');
    case 'f':
      return typeof value === 'number'
        ? formatFixed(value, precision ?? 6)
        : refused('fixed-point clause can only be used on doubles,');
    case 'e':
      return typeof value === 'number'
        ? value.toExponential(Math.min(precision ?? 6, 100)).replace(/e([+-])(\d)$/, 'e$10$2')
        : refused('scientific clause can only be used on doubles,');
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return integerOf(value)?.toString(2) ?? refused('only integers and bools can be formatted as binary,');
    case 'o':
      return integerOf(value)?.toString(8) ?? refused('octal clause can only be used on integers,');
    case 'x':
    case 'X':
      return (
        formatHex(value, verb === 'X') ??
        refused('only integers, byte buffers, and strings can be formatted as hex,')
      );
    default:
      return new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

function integerOf(value: CelValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof CelUint ? value.value : undefined;
}

function formatFixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  return value.toFixed(Math.min(precision, 100));
}

function formatHex(value: CelValue, upper: boolean): string | undefined {
  const text =
    integerOf(value)?.toString(16) ??
    (typeof value === 'string'
      ? Buffer.from(value).toString('hex')
      : value instanceof Uint8Array
        ? Buffer.from(value).toString('hex')
        : undefined);
  return upper ? text?.toUpperCase() : text;
}

/** The deepest value that `%s` writes out. */
const FORMAT_DEPTH_MAX = 32;

function formatAny(value: CelValue, depth: number): string | CelError {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? formatDouble(value) : formatFixed(value, 0);
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value.nanos);
  if (value instanceof CelDuration) return formatDuration(value.nanos);
  if (value instanceof CelTypeValue) return value.name;
  if (depth > FORMAT_DEPTH_MAX)
    return new CelError('error during formatting: the value is nested too deeply');
  if (value instanceof CelList) return formatItems(value, depth);
  if (value instanceof CelMap) return formatEntries(value, depth);
  return new CelError(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeNameOf(value)}`,
  );
}

function formatItems(list: CelList, depth: number): string | CelError {
  const parts: string[] = [];
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    const text = item instanceof CelError ? item : formatAny(item, depth + 1);
    if (text instanceof CelError) return text;
    parts.push(text);
  }
  return `[${parts.join(', ')}]`;
}

function formatEntries(map: CelMap, depth: number): string | CelError {
  const parts: string[] = [];
  for (const key of map.keys) {
    const value = map.get(key);
    const name = formatAny(key, depth + 1);
    const text = value === undefined || value instanceof CelError ? value : formatAny(value, depth + 1);
    if (name instanceof CelError) return name;
    if (text instanceof CelError) return text;
    parts.push(`${name}: ${text ?? ''}`);
  }
  return `{${parts.sort().join(', ')}}`;
}
