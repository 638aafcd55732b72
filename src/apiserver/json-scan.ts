import { badRequest } from '#api/status.ts';

/** The deepest nesting of a JSON body; a deeper one is 400. Far above any real object, far below the parser's own limit. */
export const BODY_DEPTH_MAX = 128;

/** How many fields that stand twice are named in one answer; more are left out. */
const DUPLICATES_MAX = 20;

/** Keys of one object that are looked through one by one; more are kept in a set. */
const KEYS_LISTED_MAX = 16;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** One object or list that the scan is in. */
interface Level {
  /** The keys so far; undefined in a list. A set only once they are many: most objects have few. */
  keys: string[] | Set<string> | undefined;
  /** The key, or the index in a list, whose value is being read. */
  at: string | number;
  expectsKey: boolean;
}

/**
 * Goes through the text of a JSON body before anything recursive does: throws 400 where it nests deeper than
 * {@link BODY_DEPTH_MAX}, and returns the paths of fields that stand twice in one object (the first 20), as Kubernetes
 * names them: `spec.containers[0].image`. Text that is no JSON gives any result: the parser refuses it.
 */
export function scanJson(text: string): string[] {
  const duplicates: string[] = [];
  const levels: Level[] = [];
  let level: Level | undefined;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = endOfString(text, i);
        if (level?.expectsKey === true) takeKey(levels, keyOf(text.slice(i, end + 1)), duplicates);
        i = end;
        break;
      }
      case OPENING_BRACE:
        level = enter(levels, { keys: [], at: '', expectsKey: true });
        break;
      case OPENING_BRACKET:
        level = enter(levels, { keys: undefined, at: 0, expectsKey: false });
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        levels.pop();
        level = levels.at(-1);
        break;
      case COMMA:
        if (level === undefined) break;
        if (typeof level.at === 'number') level.at += 1;
        else level.expectsKey = true;
        break;
      default:
    }
  }
  return duplicates;
}

function enter(levels: Level[], level: Level): Level {
  if (levels.length >= BODY_DEPTH_MAX)
    throw badRequest(`the body of the request is nested deeper than ${BODY_DEPTH_MAX} levels`);
  levels.push(level);
  return level;
}

/** The place of the quote that ends the string that begins at `start`; the end of the text where none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function keyOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch {
    // The parser will refuse it, and say why.
    return literal;
  }
}

function takeKey(levels: readonly Level[], key: string, duplicates: string[]): void {
  const level = levels.at(-1);
  if (level === undefined) return;
  level.at = key;
  level.expectsKey = false;
  if (isNew(level, key)) return;
  if (duplicates.length < DUPLICATES_MAX) duplicates.push(pathOf(levels));
}

/** Whether the key stands there for the first time; it is remembered. */
function isNew(level: Level, key: string): boolean {
  const { keys } = level;
  if (keys === undefined) return true;
  if (keys instanceof Set) return keys.size < keys.add(key).size;
  if (keys.includes(key)) return false;
  keys.push(key);
  if (keys.length > KEYS_LISTED_MAX) level.keys = new Set(keys);
  return true;
}

function pathOf(levels: readonly Level[]): string {
  return levels.reduce(
    (path, { at }) => (typeof at === 'number' ? `${path}[${at}]` : path === '' ? at : `${path}.${at}`),
    '',
  );
}
