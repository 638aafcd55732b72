import { hash } from 'node:crypto';

/**
 * Lines that are chained by hash. Each is a JSON object whose last field names its number, the hash of the line before and
 * its own: SHA-256 over the one before, the number and everything that stands before that field. So no line can be changed,
 * taken out of the middle, or moved without all after it being made anew.
 */

/** A line's place in the chain. */
export interface Link {
  readonly sequence: number;
  /** Base64url, 43 characters. */
  readonly hash: string;
}

/** Where a chain begins. */
export const GENESIS: Link = { sequence: 0, hash: 'A'.repeat(43) };

const FIELD =
  /,"skerry\.io\/chain":\{"sequence":(\d{1,15}),"previous":"([\w-]{43})","hash":"([\w-]{43})"\}\}$/;

/** `body` is a JSON object's text; the line has no end of line. */
export function chainLine(previous: Link, body: string): { line: string; link: Link } {
  const sequence = previous.sequence + 1;
  const head = body.slice(0, -1);
  const link = { sequence, hash: hashOf(previous.hash, sequence, head) };
  const field = `"skerry.io/chain":{"sequence":${sequence},"previous":"${previous.hash}","hash":"${link.hash}"}`;
  return { line: `${head},${field}}`, link };
}

/** The places that a line claims, and whether its content is what its hash was made of; undefined where it is no such line. */
export function readLine(line: string): { previous: string; link: Link; isIntact: boolean } | undefined {
  const match = FIELD.exec(line);
  if (match === null) return undefined;
  const [, number = '', previous = '', own = ''] = match;
  const sequence = Number(number);
  const head = line.slice(0, match.index);
  return { previous, link: { sequence, hash: own }, isIntact: hashOf(previous, sequence, head) === own };
}

function hashOf(previous: string, sequence: number, head: string): string {
  return hash('sha256', `${previous}${sequence}\n${head}`, 'base64url');
}
