/** A number from 0 up to 1, the same ones for the same seed. */
export type Random = () => number;

/** Mulberry32: small, fast, and good enough to throw dice with. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 to below `limit`. */
export function randomInteger(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** One of them. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[randomInteger(random, items.length)];
  if (item === undefined && items.length === 0) throw new Error('there is nothing to pick from');
  return item as T;
}
