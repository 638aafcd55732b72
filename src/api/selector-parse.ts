import { labelKeyErrors } from '#api/label-syntax.ts';
import {
  compileRequirements,
  type LabelMatcher,
  type Requirement,
  requirement,
  type SelectorOperator,
} from '#api/selector.ts';
import { badRequest, fieldErrorMessage, StatusError } from '#api/status.ts';

/** The longest selector in characters; a longer one is refused with BadRequest. */
export const SELECTOR_CHARS_MAX = 64 * 1024;

const TOKEN = /[ \t\r\n]+|==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+/g;
const SPECIAL = new Set(['=', '==', '!=', '!', '(', ')', ',', '<', '>']);
const BINARY_OPERATORS: Readonly<Record<string, SelectorOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

/** The tokens of a selector and where the parser stands. The end reads as the token ''. */
interface Cursor {
  readonly tokens: readonly string[];
  next: number;
}

/**
 * Compiles the string form of a label selector: `a=b,c!=d,e in (x,y),!f,g notin (z),h,i>1`. Empty matches everything.
 * Throws BadRequest in the words of Kubernetes' parser (apimachinery `labels.Parse`).
 */
export function parseLabelSelector(text: string): LabelMatcher {
  if (text.length > SELECTOR_CHARS_MAX) {
    throw badRequest(
      `unable to parse requirement: selector of ${text.length} characters, at most ${SELECTOR_CHARS_MAX} are accepted`,
    );
  }
  const tokens = (text.match(TOKEN) ?? []).filter((token) => token.trim() !== '');
  const cursor: Cursor = { tokens, next: 0 };
  const requirements: Requirement[] = [];
  while (peek(cursor) !== '') {
    if (SPECIAL.has(peek(cursor)) && peek(cursor) !== '!') {
      throw badRequest(`found '${peek(cursor)}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(parseRequirement(cursor));
    expectComma(cursor);
  }
  return compileRequirements(requirements);
}

function peek(cursor: Cursor): string {
  return cursor.tokens[cursor.next] ?? '';
}

function take(cursor: Cursor): string {
  const token = peek(cursor);
  cursor.next += 1;
  return token;
}

function isIdentifier(token: string): boolean {
  return token !== '' && !SPECIAL.has(token);
}

function expectComma(cursor: Cursor): void {
  const token = take(cursor);
  if (token === '') return;
  if (token !== ',') throw badRequest(`found '${token}', expected: ',' or 'end of string'`);
  const following = peek(cursor);
  if (!isIdentifier(following) && following !== '!') {
    throw badRequest(`found '${following}', expected: identifier after ','`);
  }
}

function parseRequirement(cursor: Cursor): Requirement {
  try {
    const negated = peek(cursor) === '!';
    if (negated) take(cursor);
    const key = parseKey(cursor);
    if (negated) return requirement(key, '!', []);
    if (peek(cursor) === '' || peek(cursor) === ',') return requirement(key, 'exists', []);
    const operator = parseOperator(cursor);
    const values =
      operator === 'in' || operator === 'notin' ? parseValues(cursor) : [parseExactValue(cursor)];
    return requirement(key, operator, values);
  } catch (error) {
    if (error instanceof StatusError)
      throw badRequest(`unable to parse requirement: ${error.message}`, error);
    throw error;
  }
}

function parseKey(cursor: Cursor): string {
  const key = take(cursor);
  if (!isIdentifier(key)) throw badRequest(`found '${key}', expected: identifier`);
  const errors = labelKeyErrors(key);
  if (errors.length > 0) {
    throw badRequest(
      fieldErrorMessage({ type: 'Invalid', field: '<nil>', value: key, detail: errors.join('; ') }),
    );
  }
  return key;
}

function parseOperator(cursor: Cursor): SelectorOperator {
  const token = take(cursor);
  const operator = Object.hasOwn(BINARY_OPERATORS, token) ? BINARY_OPERATORS[token] : undefined;
  if (operator === undefined) throw badRequest(`found '${token}', expected: in, notin, =, ==, !=, gt, lt`);
  return operator;
}

function parseExactValue(cursor: Cursor): string {
  if (peek(cursor) === '' || peek(cursor) === ',') return '';
  const token = take(cursor);
  if (!isIdentifier(token)) throw badRequest(`found '${token}', expected: identifier`);
  return token;
}

/** The values between parentheses, each once, sorted. An empty place between commas is the empty value. */
function parseValues(cursor: Cursor): string[] {
  const opening = take(cursor);
  if (opening !== '(') throw badRequest(`found '${opening}' expected: '('`);
  const values = new Set<string>();
  let pending = '';
  for (;;) {
    const token = take(cursor);
    if (token === ',' || token === ')') {
      values.add(pending);
      pending = '';
      if (token === ')') return [...values].toSorted();
    } else if (pending !== '') {
      throw badRequest(`found '${token}', expected: ',' or ')'`);
    } else if (!isIdentifier(token)) {
      throw badRequest(`found '${token}', expected: ',', ')' or identifier`);
    } else {
      pending = token;
    }
  }
}
