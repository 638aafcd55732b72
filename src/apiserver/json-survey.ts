/** What a text of JSON holds, as far as can be told without parsing it. */
export interface JsonSurvey {
  /** Colons outside texts: as many as it has fields, those that stand twice included. */
  readonly fields: number;
  /** The deepest nesting of objects and lists. */
  readonly depth: number;
  /** Whether it may hold a number that JavaScript cannot, or half of a surrogate pair. */
  readonly isSuspicious: boolean;
}

/** A run of digits that is as long may be a whole number that JavaScript rounds. */
const DIGITS_EXACT_MAX = 15;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Goes once through the bytes of a JSON body, before anything recursive does. Bytes that are no JSON give any result: the
 * parser refuses them.
 */
export function surveyJson(bytes: Uint8Array): JsonSurvey {
  const { length } = bytes;
  let fields = 0;
  let level = 0;
  let depth = 0;
  let digits = 0;
  let isSuspicious = false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= ZERO && byte <= NINE) {
      digits += 1;
      if (digits > DIGITS_EXACT_MAX) isSuspicious = true;
      continue;
    }
    // An exponent: `true` and `false` have the letter, too, but not after a digit.
    if (digits > 0 && (byte === 0x65 || byte === 0x45)) isSuspicious = true;
    digits = 0;
    if (byte === QUOTE) {
      for (i += 1; i < length; i++) {
        const inside = bytes[i] ?? 0;
        if (inside === QUOTE) break;
        if (inside !== BACKSLASH) continue;
        i += 1;
        // `\ud800` to `\udfff`: whether two of them make a pair is for the parser's reviver to say.
        if (bytes[i] === LETTER_U && ((bytes[i + 1] ?? 0) | 0x20) === 0x64) isSuspicious = true;
      }
    } else if (byte === COLON) {
      fields += 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      level += 1;
      if (level > depth) depth = level;
    } else if (byte === 0x7d || byte === 0x5d) {
      level -= 1;
    }
  }
  return { fields, depth, isSuspicious };
}

/** The fields of a parsed value and of everything in it: fewer than its text has where one stands twice there. */
export function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let fields = 0;
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) fields += countFields(item);
    return fields;
  }
  const object = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(object)) {
    const field = object[key];
    fields += typeof field === 'object' ? 1 + countFields(field) : 1;
  }
  return fields;
}
