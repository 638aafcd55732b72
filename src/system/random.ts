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
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The alphabet of generated name suffixes: no vowels and no look-alikes, as Kubernetes' `utilrand.SafeEncodeString`. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A suffix for `generateName`: five characters unless told otherwise. */
export function randomSuffix(random: Random, length = 5): string {
  let suffix = '';
  for (let i = 0; i < length; i++) suffix += SUFFIX_ALPHABET[randomInteger(random, SUFFIX_ALPHABET.length)];
  return suffix;
}
