/** The alphabet of generated suffixes: no vowels and no look-alikes, so that no word comes out. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_CHARS = 5;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** A 32-bit hash of a text (FNV-1a over UTF-16 units), not negative. Not for secrets. */
export function hashText(text: string, seed = FNV_OFFSET): number {
  let hash = seed;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return mix(hash);
}

/** The hash as Kubernetes writes it in a `pod-template-hash`: its decimal digits in the alphabet of generated names. */
export function encodeHash(hash: number): string {
  return String(hash)
    .split('')
    .map((digit) => ALPHABET[Number(digit)] ?? '')
    .join('');
}

/**
 * The names that a plan gives to what it creates: `prefix` and five characters that follow from `seed`, none of them
 * taken and no two the same. A plan is pure, hence its names are not drawn at random; a seed that holds the owner's uid and the
 * time is as good.
 */
export function generatedNames(
  prefix: string,
  { count, seed, isTaken }: { count: number; seed: string; isTaken: (name: string) => boolean },
): string[] {
  const names = new Set<string>();
  for (let attempt = 0; names.size < count; attempt += 1) {
    const name = `${prefix}${suffixOf(`${seed}/${attempt}`)}`;
    if (!isTaken(name)) names.add(name);
  }
  return [...names];
}

function suffixOf(text: string): string {
  let rest = hashText(text);
  let suffix = '';
  for (let i = 0; i < SUFFIX_CHARS; i += 1) {
    suffix += ALPHABET[rest % ALPHABET.length] ?? '';
    rest = Math.floor(rest / ALPHABET.length);
  }
  return suffix;
}

/** Spreads every bit over all others (the finaliser of MurmurHash3, public domain). */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
