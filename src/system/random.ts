/** Randomness as an argument: a real source, or a seeded one that repeats a run byte for byte. */
export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** A whole number in [0, bound), from 48 random bits: the bias is below 2^-16 for any bound up to 2^32. */
export function randomInteger(random: Random, bound: number): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = random.bytes(6);
  const value = a * 2 ** 40 + b * 2 ** 32 + c * 2 ** 24 + d * 2 ** 16 + e * 2 ** 8 + f;
  return value % bound;
}

/** A random version 4 UUID (RFC 9562): the form of every `metadata.uid`. */
export function randomUuid(random: Random): string {
  const bytes = random.bytes(16);
  let text = '';
  for (let i = 0; i < 16; i++) {
    const byte = bytes[i] ?? 0;
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    if (i === 6) text += HEX[(byte & 0x0f) | 0x40];
    else text += HEX[i === 8 ? (byte & 0x3f) | 0x80 : byte];
  }
  return text;
}

/** Each byte as two hexadecimal digits. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The alphabet of generated name suffixes: no vowels and no look-alikes, as Kubernetes' `utilrand.SafeEncodeString`. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A suffix for `generateName`: five characters unless told otherwise. */
export function randomSuffix(random: Random, length = 5): string {
  let suffix = '';
  for (let i = 0; i < length; i++) suffix += SUFFIX_ALPHABET[randomInteger(random, SUFFIX_ALPHABET.length)];
  return suffix;
}
