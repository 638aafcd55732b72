import { intOf, listOf, textOf } from '#api/cel/argument.ts';
import { formatText } from '#api/cel/format-text.ts';
import {
  type ArgumentSize,
  matching,
  type Overload,
  overload,
  sizeLike,
  TRAVERSAL,
  traversing,
} from '#api/cel/function.ts';
import { RESULT_SIZE_MAX, tooLarge } from '#api/cel/library-operators.ts';
import type { Meter } from '#api/cel/meter.ts';
import { CelError, CelList, type CelResult, type CelValue, stringSize } from '#api/cel/value.ts';
import { compilePattern } from '#api/regular-expression.ts';

/** Characters (code points) of a text. A text without surrogates is its own array of them. */
function characters(text: string): readonly string[] | string {
  return /[\uD800-\uDFFF]/.test(text) ? Array.from(text) : text;
}

function slice(chars: readonly string[] | string, from: number, to: number): string {
  return typeof chars === 'string' ? chars.slice(from, to) : chars.slice(from, to).join('');
}

function outOfRange(index: bigint): CelError {
  return new CelError(`index out of range: ${index}`);
}

function charAt(text: string, index: bigint): CelResult {
  const chars = characters(text);
  if (index < 0n || index > BigInt(chars.length)) return outOfRange(index);
  return chars[Number(index)] ?? '';
}

function substring(text: string, from: bigint, to: bigint | undefined): CelResult {
  const chars = characters(text);
  const end = to ?? BigInt(chars.length);
  if (from < 0n || from > BigInt(chars.length)) return outOfRange(from);
  if (end < 0n || end > BigInt(chars.length)) return outOfRange(end);
  if (from > end) return new CelError(`invalid substring range. start: ${from}, end: ${end}`);
  return slice(chars, Number(from), Number(end));
}

function indexOf(text: string, part: string, from: bigint): CelResult {
  const chars = characters(text);
  if (part === '') return from < 0n || from > BigInt(chars.length) ? outOfRange(from) : from;
  if (from < 0n) return outOfRange(from);
  if (from >= BigInt(chars.length)) return -1n;
  const start = slice(chars, 0, Number(from)).length;
  const at = text.indexOf(part, start);
  return at < 0 ? -1n : BigInt(stringSize(text.slice(0, at)));
}

function lastIndexOf(text: string, part: string, from: bigint | undefined): CelResult {
  const chars = characters(text);
  const length = BigInt(chars.length);
  const start = from ?? length;
  if (start < 0n) return outOfRange(start);
  if (part === '') return start > length ? length : start;
  if (start > length) return outOfRange(start);
  const at = text.lastIndexOf(part, slice(chars, 0, Number(start)).length);
  return at < 0 ? -1n : BigInt(stringSize(text.slice(0, at)));
}

/** At most `limit` replacements, all where it is negative. The result is paid for before it is made. */
function replace(args: readonly CelValue[], limit: bigint, meter: Meter): CelResult {
  const [text, from, to] = [textOf(args[0]), textOf(args[1]), textOf(args[2])];
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from);
  const count = limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1);
  const size = text.length + count * to.length;
  if (size > RESULT_SIZE_MAX) return tooLarge();
  meter.charge(Math.ceil(count * to.length * TRAVERSAL));
  if (count === 0) return text;
  return parts.slice(0, count + 1).join(to) + rest(parts, count, from);
}

function rest(parts: readonly string[], count: number, from: string): string {
  const left = parts.slice(count + 1);
  return left.length === 0 ? '' : from + left.join(from);
}

function split(text: string, separator: string, limit: bigint): CelResult {
  if (limit === 0n) return CelList.of([]);
  if (limit === 1n) return CelList.of([text]);
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return CelList.of(parts);
  const head = parts.slice(0, Number(limit) - 1);
  return CelList.of([...head, parts.slice(Number(limit) - 1).join(separator)]);
}

function join(list: CelList, separator: string, meter: Meter): CelResult {
  const parts: string[] = [];
  let size = 0;
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (item instanceof CelError) return item;
    if (typeof item !== 'string') return new CelError('no such overload');
    size += item.length + separator.length;
    if (size > RESULT_SIZE_MAX) return tooLarge();
    parts.push(item);
  }
  meter.charge(Math.ceil(size * TRAVERSAL));
  return parts.join(separator);
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
}

function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (part) => part.toUpperCase());
}

const WHITE_SPACE = /^\p{White_Space}$/u;

/** Unicode's white space, as Go's `strings.TrimSpace` takes it. From both ends: a pattern could take long over the middle. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && WHITE_SPACE.test(text.charAt(start))) start += 1;
  while (end > start && WHITE_SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const QUOTED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quote(text: string): string {
  return `"${text.toWellFormed().replace(/[\p{Cc}\\"]/gu, (character) => QUOTED[character] ?? character)}"`;
}

/** Units for one step of a pattern's program, as Kubernetes counts for each character of the pattern. */
const MATCH_STEP = 0.025;

/** Whether a text matches, or why that cannot be told. */
function matches(text: string, pattern: string, meter: Meter): CelResult {
  const expression = compilePattern(pattern);
  if (typeof expression === 'string') return new CelError(expression);
  // `(a{30}){30}` is a short pattern and a long program: what it is longer by is paid for here.
  meter.charge(Math.max(0, expression.programSize - pattern.length) * text.length * MATCH_STEP);
  return expression.test(text);
}

/** Units for passing over one character. */
const COUNTING = 0.01;

/** Runs in both texts at once are what `contains` costs. */
const CONTAINING = (sizes: readonly ArgumentSize[]): number =>
  Math.ceil((sizes[0]?.size ?? 0) * TRAVERSAL) * Math.ceil((sizes[1]?.size ?? 0) * TRAVERSAL);

const SAME_SIZE = { cost: traversing(0), resultSize: sizeLike(0) };
const REPLACING = {
  cost: traversing(0, 2),
  resultSize: (sizes: readonly ArgumentSize[]): number =>
    ((sizes[0]?.size ?? 0) + 1) * Math.max(1, sizes[2]?.size ?? 0) + (sizes[0]?.size ?? 0),
};
const SPLITTING = { cost: traversing(0, 2), resultSize: sizeLike(0) };
const JOINING = {
  cost: (sizes: readonly ArgumentSize[]): number =>
    Math.ceil((joinedSize(sizes) + (sizes[0]?.size ?? 0)) * TRAVERSAL),
  resultSize: joinedSize,
};

function joinedSize([list, separator]: readonly ArgumentSize[]): number {
  const count = list?.size ?? 0;
  return count * (list?.itemSize ?? 0) + Math.max(0, count - 1) * (separator?.size ?? 0);
}

/** Texts: CEL's own functions and its strings extension, version 2, as Kubernetes offers it. */
export const STRINGS: readonly Overload[] = [
  overload('string.startsWith(string): bool', ([a, b]) => textOf(a).startsWith(textOf(b)), {
    cost: traversing(1),
  }),
  overload('string.endsWith(string): bool', ([a, b]) => textOf(a).endsWith(textOf(b)), {
    cost: traversing(1),
  }),
  overload('string.contains(string): bool', ([a, b]) => textOf(a).includes(textOf(b)), { cost: CONTAINING }),
  overload('string.matches(string): bool', ([a, b], meter) => matches(textOf(a), textOf(b), meter), {
    cost: matching(0, 1),
  }),
  overload('matches(string, string): bool', ([a, b], meter) => matches(textOf(a), textOf(b), meter), {
    cost: matching(0, 1),
  }),
  overload('string.charAt(int): string', ([a, b]) => charAt(textOf(a), intOf(b)), {
    cost: (sizes) => 1 + (sizes[0]?.size ?? 0) * COUNTING,
    resultSize: () => 1,
  }),
  overload('string.indexOf(string): int', ([a, b]) => indexOf(textOf(a), textOf(b), 0n), {
    cost: traversing(0),
  }),
  overload('string.indexOf(string, int): int', ([a, b, c]) => indexOf(textOf(a), textOf(b), intOf(c)), {
    cost: traversing(0),
  }),
  overload('string.lastIndexOf(string): int', ([a, b]) => lastIndexOf(textOf(a), textOf(b), undefined), {
    cost: traversing(0),
  }),
  overload(
    'string.lastIndexOf(string, int): int',
    ([a, b, c]) => lastIndexOf(textOf(a), textOf(b), intOf(c)),
    {
      cost: traversing(0),
    },
  ),
  overload('string.lowerAscii(): string', ([a]) => lowerAscii(textOf(a)), SAME_SIZE),
  overload('string.upperAscii(): string', ([a]) => upperAscii(textOf(a)), SAME_SIZE),
  overload('string.trim(): string', ([a]) => trim(textOf(a)), SAME_SIZE),
  overload('string.substring(int): string', ([a, b]) => substring(textOf(a), intOf(b), undefined), SAME_SIZE),
  overload(
    'string.substring(int, int): string',
    ([a, b, c]) => substring(textOf(a), intOf(b), intOf(c)),
    SAME_SIZE,
  ),
  overload('string.replace(string, string): string', (args, meter) => replace(args, -1n, meter), REPLACING),
  overload(
    'string.replace(string, string, int): string',
    (args, meter) => replace(args, intOf(args[3]), meter),
    REPLACING,
  ),
  overload('string.split(string): list(string)', ([a, b]) => split(textOf(a), textOf(b), -1n), SPLITTING),
  overload(
    'string.split(string, int): list(string)',
    ([a, b, c]) => split(textOf(a), textOf(b), intOf(c)),
    SPLITTING,
  ),
  overload('list(string).join(): string', ([a], meter) => join(listOf(a), '', meter), JOINING),
  overload(
    'list(string).join(string): string',
    ([a, b], meter) => join(listOf(a), textOf(b), meter),
    JOINING,
  ),
  overload('string.format(list(dyn)): string', ([a, b], meter) => formatText(textOf(a), listOf(b), meter), {
    cost: traversing(0),
  }),
  overload('@@strings.quote(string): string', ([a]) => quote(textOf(a)), {
    cost: traversing(0),
    resultSize: (sizes) => (sizes[0]?.size ?? 0) * 2 + 2,
  }),
];
