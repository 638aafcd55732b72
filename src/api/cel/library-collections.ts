import { intOf, listOf, textOf } from '#api/cel/argument.ts';
import { equalValues } from '#api/cel/equality.ts';
import {
  type ArgumentSize,
  matching,
  type Overload,
  overload,
  sizeLike,
  TRAVERSAL,
} from '#api/cel/function.ts';
import { checkedInt, checkedUint, compareValues } from '#api/cel/library-operators.ts';
import type { Meter } from '#api/cel/meter.ts';
import { isDurationInRange } from '#api/cel/time.ts';
import { CelDuration, CelError, CelList, type CelResult, CelUint, type CelValue } from '#api/cel/value.ts';
import { compilePattern } from '#api/regular-expression.ts';

/** The items, or the first error among them. */
export function itemsOf(list: CelList): CelValue[] | CelError {
  const items: CelValue[] = [];
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (item instanceof CelError) return item;
    items.push(item);
  }
  return items;
}

function isSorted(list: CelList): CelResult {
  const items = itemsOf(list);
  if (items instanceof CelError) return items;
  for (let index = 1; index < items.length; index += 1) {
    const order = compareValues(items[index - 1], items[index]);
    if (order === undefined) return new CelError('no such overload');
    if (order > 0) return false;
  }
  return true;
}

function extreme(list: CelList, sign: 1 | -1): CelResult {
  const items = itemsOf(list);
  if (items instanceof CelError) return items;
  const [first, ...others] = items;
  if (first === undefined) return new CelError(`${sign > 0 ? 'max' : 'min'} called on empty list`);
  let best = first;
  for (const item of others) {
    const order = compareValues(item, best);
    if (order === undefined) return new CelError('no such overload');
    if (order * sign > 0) best = item;
  }
  return best;
}

function sum(list: CelList, zero: CelValue): CelResult {
  const items = itemsOf(list);
  if (items instanceof CelError) return items;
  if (typeof zero === 'bigint')
    return checkedInt(
      items.reduce<bigint>((total, item) => total + (typeof item === 'bigint' ? item : 0n), 0n),
    );
  if (typeof zero === 'number')
    return items.reduce<number>((total, item) => total + (typeof item === 'number' ? item : 0), 0);
  if (zero instanceof CelUint)
    return checkedUint(
      items.reduce<bigint>((total, item) => total + (item instanceof CelUint ? item.value : 0n), 0n),
    );
  const nanos = items.reduce<bigint>(
    (total, item) => total + (item instanceof CelDuration ? item.nanos : 0n),
    0n,
  );
  return isDurationInRange(nanos) ? new CelDuration(nanos) : new CelError('duration overflow');
}

function find(list: CelList, wanted: CelValue, meter: Meter, backwards: boolean): CelResult {
  for (let step = 0; step < list.size; step += 1) {
    const index = backwards ? list.size - 1 - step : step;
    const item = list.at(index);
    if (item instanceof CelError) return item;
    if (equalValues(item, wanted, meter)) return BigInt(index);
  }
  return -1n;
}

/** One unit an item, and a look at each text. */
const EACH = (sizes: readonly ArgumentSize[]): number =>
  (sizes[0]?.size ?? 0) * (1 + Math.ceil((sizes[0]?.itemSize ?? 0) * TRAVERSAL));

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
const SUMMABLE: readonly (readonly [string, CelValue])[] = [
  ['int', 0n],
  ['uint', new CelUint(0n)],
  ['double', 0],
  ['duration', new CelDuration(0n)],
];

/** Kubernetes' list library. Source: "Common Expression Language in Kubernetes", "Kubernetes list library". */
const LISTS: readonly Overload[] = [
  ...COMPARABLE.flatMap((type) => [
    overload(`list(${type}).isSorted(): bool`, ([a]) => isSorted(listOf(a)), { cost: EACH }),
    overload(`list(${type}).min(): ${type}`, ([a]) => extreme(listOf(a), -1), { cost: EACH }),
    overload(`list(${type}).max(): ${type}`, ([a]) => extreme(listOf(a), 1), { cost: EACH }),
  ]),
  ...SUMMABLE.map(([type, zero]) =>
    overload(`list(${type}).sum(): ${type}`, ([a]) => sum(listOf(a), zero), { cost: EACH }),
  ),
  overload('list(A).indexOf(A): int', ([a, b = null], meter) => find(listOf(a), b, meter, false), {
    cost: EACH,
  }),
  overload('list(A).lastIndexOf(A): int', ([a, b = null], meter) => find(listOf(a), b, meter, true), {
    cost: EACH,
  }),
];

function contains(list: CelList, item: CelResult, meter: Meter): boolean {
  if (item instanceof CelError) return false;
  for (let index = 0; index < list.size; index += 1) {
    const other = list.at(index);
    if (!(other instanceof CelError) && equalValues(item, other, meter)) return true;
  }
  return false;
}

function containsAll(list: CelList, wanted: CelList, meter: Meter): boolean {
  for (let index = 0; index < wanted.size; index += 1)
    if (!contains(list, wanted.at(index), meter)) return false;
  return true;
}

function intersects(a: CelList, b: CelList, meter: Meter): boolean {
  for (let index = 0; index < a.size; index += 1) if (contains(b, a.at(index), meter)) return true;
  return false;
}

/** Each item of one with each of the other. */
const PRODUCT = (sizes: readonly ArgumentSize[]): number => (sizes[0]?.size ?? 0) * (sizes[1]?.size ?? 0);
const STEPWISE = { cost: PRODUCT };

/** cel-go's sets extension. */
const SETS: readonly Overload[] = [
  overload(
    '@@sets.contains(list(A), list(A)): bool',
    ([a, b], meter) => containsAll(listOf(a), listOf(b), meter),
    STEPWISE,
  ),
  overload(
    '@@sets.equivalent(list(A), list(A)): bool',
    ([a, b], meter) => containsAll(listOf(a), listOf(b), meter) && containsAll(listOf(b), listOf(a), meter),
    STEPWISE,
  ),
  overload(
    '@@sets.intersects(list(A), list(A)): bool',
    ([a, b], meter) => intersects(listOf(a), listOf(b), meter),
    STEPWISE,
  ),
];

/**
 * Units for one step of looking for where a match is, which takes longer than whether there is one. Kubernetes does not count
 * steps: a small pattern may mean many, and each match is looked for to the end of the text.
 */
const FIND_STEP = 0.1;

function findAll(
  text: string,
  pattern: string,
  { max, meter }: { max: number; meter: Meter },
): string[] | CelError {
  const expression = compilePattern(pattern);
  if (typeof expression === 'string') return new CelError(`Illegal regex: ${expression}`);
  const found: string[] = [];
  const pay = (from: number): void => meter.charge((text.length - from) * expression.programSize * FIND_STEP);
  if (max === 0) return found;
  pay(0);
  for (const match of expression.matches(text)) {
    found.push(match.text);
    if (found.length >= max) break;
    pay(match.end);
  }
  return found;
}

function findFirst(text: string, pattern: string, meter: Meter): CelResult {
  const found = findAll(text, pattern, { max: 1, meter });
  return found instanceof CelError ? found : (found[0] ?? '');
}

function findList(
  text: string,
  pattern: string,
  { limit, meter }: { limit: bigint; meter: Meter },
): CelResult {
  const found = findAll(text, pattern, { max: limit < 0n ? Number.MAX_SAFE_INTEGER : Number(limit), meter });
  return found instanceof CelError ? found : CelList.of(found);
}

const FINDING = { cost: matching(0, 1), resultSize: sizeLike(0) };

/** Kubernetes' regex library. */
const REGEX: readonly Overload[] = [
  overload('string.find(string): string', ([a, b], meter) => findFirst(textOf(a), textOf(b), meter), FINDING),
  overload(
    'string.findAll(string): list(string)',
    ([a, b], meter) => findList(textOf(a), textOf(b), { limit: -1n, meter }),
    FINDING,
  ),
  overload(
    'string.findAll(string, int): list(string)',
    ([a, b, c], meter) => findList(textOf(a), textOf(b), { limit: intOf(c), meter }),
    FINDING,
  ),
];

/** Lists, sets and regular expressions. */
export const COLLECTIONS: readonly Overload[] = [...LISTS, ...SETS, ...REGEX];
