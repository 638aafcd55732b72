import { quantityMillis, quantityUnits, readQuantity } from '#api/quantity.ts';

/**
 * Amounts by resource name: `cpu` in millicores, everything else in its own unit (bytes, pieces). Exact up to 2^53; a
 * resource that is absent is 0.
 */
export type Amounts = Readonly<Record<string, number>>;

/** Quantities written out so far; at the limit all are forgotten. The same few texts stand in very many pods. */
const AMOUNTS_REMEMBERED_MAX = 4096;
const remembered = new Map<string, number>();

/** The amounts of a resource list. What is not a quantity counts as 0: validation refuses it before it is stored. */
export function amountsOf(resources: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts: Record<string, number> = {};
  for (const name in resources) amounts[name] = amountOf(name, resources[name] ?? '0');
  return amounts;
}

function amountOf(name: string, text: string): number {
  const key = name === 'cpu' ? `cpu ${text}` : text;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const quantity = readQuantity(text);
  const amount =
    quantity === undefined ? 0 : name === 'cpu' ? quantityMillis(quantity) : quantityUnits(quantity);
  if (remembered.size >= AMOUNTS_REMEMBERED_MAX) remembered.clear();
  remembered.set(key, amount);
  return amount;
}

export function addAmounts(a: Amounts, b: Amounts): Amounts {
  const sum = { ...a };
  for (const name in b) sum[name] = (sum[name] ?? 0) + (b[name] ?? 0);
  return sum;
}

export function subtractAmounts(a: Amounts, b: Amounts): Amounts {
  const difference = { ...a };
  for (const name in b) difference[name] = (difference[name] ?? 0) - (b[name] ?? 0);
  return difference;
}

/** The larger of each. */
export function maxAmounts(a: Amounts, b: Amounts): Amounts {
  const most = { ...a };
  for (const name in b) most[name] = Math.max(most[name] ?? 0, b[name] ?? 0);
  return most;
}
