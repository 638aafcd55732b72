import { SELECTOR_CHARS_MAX } from '#api/selector-parse.ts';
import { badRequest } from '#api/status.ts';

/** One term of a field selector. */
export interface FieldTerm {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** A compiled field selector: every term must hold. */
export interface FieldMatcher {
  readonly terms: readonly FieldTerm[];
  /** `valueOf` gives an object's value of a field: '' where the object has none, as in Kubernetes. */
  readonly matches: (valueOf: (field: string) => string) => boolean;
}

/**
 * Parses `metadata.name=web,status.phase!=Running`; `==` is `=`; `\\`, `\,` and `\=` escape in values. Empty matches
 * everything. Whether a kind knows the fields is the caller's to check, by `terms`.
 * Throws BadRequest in the words of Kubernetes' parser (apimachinery `fields.ParseSelector`).
 */
export function parseFieldSelector(text: string): FieldMatcher {
  if (text.length > SELECTOR_CHARS_MAX) {
    throw badRequest(
      `invalid field selector: ${text.length} characters, at most ${SELECTOR_CHARS_MAX} are accepted`,
    );
  }
  const terms = splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text));
  return {
    terms,
    matches: (valueOf) =>
      terms.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === '=')),
  };
}

/** The value that the selector demands of a field, if it demands exactly one: lets a list of one name be a get. */
export function exactFieldValue(matcher: FieldMatcher, field: string): string | undefined {
  return matcher.terms.find((term) => term.field === field && term.operator === '=')?.value;
}

/** The string form, values escaped. */
export function formatFieldSelector(terms: readonly FieldTerm[]): string {
  return terms
    .map(({ field, operator, value }) => `${field}${operator}${value.replaceAll(/[\\,=]/g, '\\$&')}`)
    .join(',');
}

function splitTerms(text: string): string[] {
  return text.match(/(?:\\[^]|[^\\,]|\\$)+/g) ?? [];
}

function parseTerm(term: string, selector: string): FieldTerm {
  const parts = /^([^=!]*(?:!(?!=)[^=!]*)*)(!=|==|=)([^]*)$/.exec(term);
  const [, field, operator, value] = parts ?? [];
  if (field === undefined || value === undefined) {
    throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
  }
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) };
}

/** Kubernetes prints the refused character as its code point. */
const EQUALS_SIGN = '='.charCodeAt(0);

function unescapeValue(text: string): string {
  return text.replaceAll(/\\([^]?)|=/gu, (sequence: string, escaped: string | undefined) => {
    if (sequence === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${EQUALS_SIGN}`);
    }
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
      throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
    }
    return escaped;
  });
}
