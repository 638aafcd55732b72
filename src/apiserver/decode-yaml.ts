import { type Document, isScalar, Lexer, parseDocument, visit } from 'yaml';
import { badRequest, StatusError } from '#api/status.ts';
import { BODY_DEPTH_MAX } from '#apiserver/json-scan.ts';

/**
 * The largest text of YAML, in characters; a larger one is 413. What takes JSON a millisecond takes YAML a second, and
 * malformed YAML grows worse than its size; clients of Kubernetes send JSON.
 */
export const YAML_CHARS_MAX = 64 * 1024;

/** The most nodes that one alias may stand for; more are 400. */
const ALIASES_MAX = 100;

/** The most aliases of one text, each of which the parser looks for among all nodes; more are 400. */
const YAML_ALIASES_MAX = 1000;

/** How many keys that stand twice are named in one answer; more are left out. */
const REPORTED_KEYS_MAX = 20;

/** What the lexer gives before the text of a scalar. */
const SCALAR_FOLLOWS = '\u001f';

/**
 * YAML 1.2 (core schema) as JSON. Throws 400 on what is no YAML, nests deeper than {@link BODY_DEPTH_MAX}, repeats a key,
 * or has no form in JSON: keys that are no text, numbers that are none.
 */
export function decodeYaml(text: string): unknown {
  if (text.length > YAML_CHARS_MAX) {
    const message = `a body of YAML has at most ${YAML_CHARS_MAX} characters, this one ${text.length}: send JSON`;
    throw new StatusError('RequestEntityTooLarge', message);
  }
  assertPlain(text);
  try {
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, intAsBigInt: true });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    assertUniqueKeys(document, text);
    return jsonOf(document.toJS({ maxAliasCount: ALIASES_MAX }), 0);
  } catch (cause) {
    if (cause instanceof StatusError) throw cause;
    throw badRequest(`the body of the request is not valid YAML: ${(cause as Error).message}`, cause);
  }
}

/** Refuses what would keep the parser busy for long: deep brackets, many aliases, and keys that are whole trees. */
function assertPlain(text: string): void {
  let depth = 0;
  let aliases = 0;
  let previous = '';
  for (const token of new Lexer().lex(text)) {
    if (token.startsWith('*') && previous !== SCALAR_FOLLOWS) aliases += 1;
    previous = token;
    if (aliases > YAML_ALIASES_MAX)
      throw badRequest(`the body of the request has more than ${YAML_ALIASES_MAX} YAML aliases`);
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (token === '?')
      throw badRequest('the body of the request has explicit YAML keys ("? "): write "key: value"');
    if (depth > BODY_DEPTH_MAX) throw tooDeep();
  }
}

function tooDeep(): StatusError {
  return badRequest(`the body of the request is nested deeper than ${BODY_DEPTH_MAX} levels`);
}

/** Throws as Kubernetes does: `line 9: key "foo" already set in map`, a line for each (the first 20). */
function assertUniqueKeys(document: Document, text: string): void {
  const faults: string[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) throw badRequest('the body of the request has a YAML key that is no text');
        const name = String(key.value);
        if (seen.has(name) && faults.length < REPORTED_KEYS_MAX)
          faults.push(
            `  line ${lineAt(text, key.range?.[0] ?? 0)}: key ${JSON.stringify(name)} already set in map`,
          );
        seen.add(name);
      }
    },
  });
  if (faults.length > 0)
    throw badRequest(`error converting YAML to JSON: yaml: unmarshal errors:\n${faults.join('\n')}`);
}

/** Counted from 1. */
function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function jsonOf(value: unknown, depth: number): unknown {
  if (depth > BODY_DEPTH_MAX) throw tooDeep();
  if (Array.isArray(value)) return value.map((item: unknown) => jsonOf(item, depth + 1));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item, depth + 1)]));
  }
  if (typeof value === 'bigint') return wholeNumber(value);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw badRequest(`${value} is no number that JSON has`);
  return value;
}

function wholeNumber(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw badRequest(
    `the number ${String(value).slice(0, 40)} cannot be held: whole numbers are taken up to ±${Number.MAX_SAFE_INTEGER}`,
  );
}
