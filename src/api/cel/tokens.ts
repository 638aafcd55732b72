import { INT_MAX, UINT_MAX } from '#api/cel/number-range.ts';
import { SourceError } from '#api/cel/source-error.ts';
import { CelUint, type CelValue } from '#api/cel/value.ts';

/** One word of an expression. `operator` includes brackets and punctuation. */
export type Token =
  | { readonly kind: 'end'; readonly at: number; readonly text: '<EOF>' }
  | { readonly kind: 'operator'; readonly at: number; readonly text: string }
  | { readonly kind: 'name'; readonly at: number; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'literal'; readonly at: number; readonly text: string; readonly value: CelValue };

const SPACE = /(?:[ \t\r\n\f]|\/\/[^\n]*)*/y;
const NUMBER =
  /(0[xX][0-9a-fA-F]+)([uU]?)|((?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)|(\d+)([uU]?)/y;
const STRING_START = /([rR][bB]|[bB][rR]|[rR]|[bB])?("""|'''|"|')/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED_NAME = /`([A-Za-z0-9_./ -]+)`/y;
const OPERATOR = /&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]{}]/y;

/** The words of an expression, the last is `end`. Throws SourceError. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = matchAt(SPACE, source, 0)?.[0].length ?? 0;
  while (at < source.length) {
    const { token, end } = readToken(source, at);
    tokens.push(token);
    at = end + (matchAt(SPACE, source, end)?.[0].length ?? 0);
  }
  tokens.push({ kind: 'end', at: source.length, text: '<EOF>' });
  return tokens;
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function readToken(source: string, at: number): { token: Token; end: number } {
  const string = matchAt(STRING_START, source, at);
  if (string !== null) return readString(source, at, string);
  const number = matchAt(NUMBER, source, at);
  if (number !== null)
    return {
      token: { kind: 'literal', at, text: number[0], value: numberValue(at, number) },
      end: at + number[0].length,
    };
  const name = matchAt(NAME, source, at);
  if (name !== null)
    return { token: { kind: 'name', at, text: name[0], quoted: false }, end: at + name[0].length };
  const quoted = matchAt(QUOTED_NAME, source, at);
  if (quoted !== null)
    return { token: { kind: 'name', at, text: quoted[1] ?? '', quoted: true }, end: at + quoted[0].length };
  const operator = matchAt(OPERATOR, source, at);
  if (operator !== null)
    return { token: { kind: 'operator', at, text: operator[0] }, end: at + operator[0].length };
  const [character = ''] = source.slice(at);
  throw new SourceError(at, `Syntax error: token recognition error at: '${character}'`);
}

function numberValue(at: number, match: RegExpExecArray): CelValue {
  const [, hex, hexUnsigned, double, decimal, decimalUnsigned] = match;
  if (double !== undefined) {
    const value = Number(double);
    if (!Number.isFinite(value)) throw new SourceError(at, 'invalid double literal');
    return value;
  }
  const value = BigInt(hex ?? decimal ?? '0');
  if ((hexUnsigned ?? decimalUnsigned ?? '') !== '') {
    if (value > UINT_MAX) throw new SourceError(at, 'invalid uint literal');
    return new CelUint(value);
  }
  // One more than the largest is let through: a minus sign may stand before it.
  if (value > INT_MAX + 1n) throw new SourceError(at, 'invalid int literal');
  return value;
}

function readString(source: string, at: number, match: RegExpExecArray): { token: Token; end: number } {
  const [opening, prefix = '', quote = '"'] = match;
  const isRaw = /r/i.test(prefix);
  const isBytes = /b/i.test(prefix);
  const start = at + opening.length;
  const end = findQuote(source, { start, quote, isRaw });
  if (end === undefined)
    throw new SourceError(at, `Syntax error: token recognition error at: '${source.slice(at, at + 40)}'`);
  const body = source.slice(start, end);
  const value = isBytes ? bytesOf(body, { isRaw, at }) : isRaw ? body : unescapeText(body, at);
  const after = end + quote.length;
  return { token: { kind: 'literal', at, text: source.slice(at, after), value }, end: after };
}

function findQuote(
  source: string,
  { start, quote, isRaw }: { start: number; quote: string; isRaw: boolean },
): number | undefined {
  for (let at = start; at < source.length; at += 1) {
    const character = source[at];
    if (character === '\\' && !isRaw) at += 1;
    else if (quote.length === 1 && (character === '\n' || character === '\r')) return undefined;
    else if (source.startsWith(quote, at)) return at;
  }
  return undefined;
}

const ESCAPE =
  /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]|$))/g;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unescapeText(body: string, at: number): string {
  if (!body.includes('\\')) return body;
  return body.replace(ESCAPE, (_match, simple, hex, short, long, octal) =>
    escaped({ simple, code: hex ?? short ?? long, octal, at }),
  );
}

function escaped({
  simple,
  code,
  octal,
  at,
}: {
  simple: string | undefined;
  code: string | undefined;
  octal: string | undefined;
  at: number;
}): string {
  if (simple !== undefined) return SIMPLE_ESCAPES[simple] ?? simple;
  const point = code === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(code, 16);
  if (Number.isNaN(point) || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
    throw new SourceError(at, 'unable to unescape string');
  return String.fromCodePoint(point);
}

/** In bytes, `\xff` and `\377` are one byte; any other character is its UTF-8. */
function bytesOf(body: string, { isRaw, at }: { isRaw: boolean; at: number }): Uint8Array {
  const encoder = new TextEncoder();
  if (isRaw || !body.includes('\\')) return encoder.encode(body);
  const parts: number[] = [];
  let last = 0;
  for (const match of body.matchAll(ESCAPE)) {
    const [whole, simple, hex, short, long, octal] = match;
    parts.push(...encoder.encode(body.slice(last, match.index)));
    last = match.index + whole.length;
    if (short !== undefined || long !== undefined)
      throw new SourceError(at, 'unable to unescape string: \\u is not allowed in bytes');
    if (hex !== undefined) parts.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) parts.push(Number.parseInt(octal, 8));
    else parts.push(...encoder.encode(escaped({ simple, code: undefined, octal, at })));
  }
  parts.push(...encoder.encode(body.slice(last)));
  return Uint8Array.from(parts);
}
