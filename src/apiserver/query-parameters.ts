import { badRequest } from '#api/status.ts';

/** The longest text of a parameter that a message quotes, in characters; a longer one is cut. */
const QUOTED_CHARS_MAX = 100;

/** A flag of a query. As in Kubernetes, it is set by being there: only `false` and `0` say no. */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

/** A whole number of at least 0 in a query; undefined where it is absent or empty. Throws 400 on anything else. */
export function countOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (/^\d{1,15}$/u.test(text)) return Number(text);
  throw badRequest(`${name}: Invalid value: ${quoted(text)}: must be a number of at least 0`);
}

/** A parameter as a message quotes it. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, QUOTED_CHARS_MAX));
}
