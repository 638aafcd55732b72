import { must } from '#system/assert.ts';
import { type Random, randomInteger } from '#system/random.ts';
import { seededRandom } from '#system/simulated-time.ts';

/** An independent source for one part of the world, so that what one part draws does not change what another sees. */
export function fork(random: Random): Random {
  return seededRandom(randomInteger(random, 2 ** 32));
}

/** True `percent` times of a hundred. */
export function happens(random: Random, percent: number): boolean {
  return randomInteger(random, 100) < percent;
}

/** One of `items`, which must not be empty. */
export function oneOf<T>(random: Random, items: readonly T[]): T {
  return must(items[randomInteger(random, items.length)], 'there is nothing to choose from');
}

/** One of `items`, each as often as its weight says. */
export function oneByWeight<T extends { readonly weight: number }>(random: Random, items: readonly T[]): T {
  let left = randomInteger(
    random,
    items.reduce((sum, { weight }) => sum + weight, 0),
  );
  for (const item of items) {
    left -= item.weight;
    if (left < 0) return item;
  }
  return oneOf(random, items);
}

/** A whole number from `from` to `to`, both included, evenly. */
export function between(random: Random, from: number, to: number): number {
  return from + randomInteger(random, to - from + 1);
}

/** A time from `from` to `to` whose logarithm is even: seconds are as likely as hours. */
export function spread(random: Random, from: number, to: number): number {
  const part = randomInteger(random, 1_000_000) / 1_000_000;
  return Math.round(from * (to / from) ** part);
}

/** A waiting time with this mean (exponential, at most five times the mean). */
export function waiting(random: Random, meanMs: number): number {
  const part = (1 + randomInteger(random, 999_999)) / 1_000_000;
  return Math.min(5 * meanMs, Math.round(-Math.log(part) * meanMs));
}
