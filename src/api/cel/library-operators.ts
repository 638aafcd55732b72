import {
  boolOf,
  bytesOf,
  doubleOf,
  durationOf,
  intOf,
  listOf,
  textOf,
  timestampOf,
  uintOf,
} from '#api/cel/argument.ts';
import { compareNumbers, equalValues, isNumeric, itemKey } from '#api/cel/equality.ts';
import {
  type ArgumentSize,
  type CostRule,
  NO_OVERLOAD,
  type Overload,
  overload,
  sizeLike,
  TRAVERSAL,
} from '#api/cel/function.ts';
import type { Meter } from '#api/cel/meter.ts';
import { INT_MAX, INT_MIN, UINT_MAX } from '#api/cel/number-range.ts';
import { isDurationInRange, isTimestampInRange } from '#api/cel/time.ts';
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  type CelResult,
  CelTimestamp,
  CelUint,
  type CelValue,
} from '#api/cel/value.ts';

/** The largest text or list that an expression may make, in characters or items; making more is an error. */
export const RESULT_SIZE_MAX = 8_388_608;

const INT_OVERFLOW = new CelError('integer overflow');
const UINT_OVERFLOW = new CelError('unsigned integer overflow');
const DIVIDE_BY_ZERO = new CelError('division by zero');
const MODULUS_BY_ZERO = new CelError('modulus by zero');
const TIMESTAMP_OVERFLOW = new CelError('timestamp overflow');
const DURATION_OVERFLOW = new CelError('duration overflow');

/** An int, or why it is none. */
export function checkedInt(value: bigint): CelResult {
  return value >= INT_MIN && value <= INT_MAX ? value : INT_OVERFLOW;
}

/** A uint, or why it is none. */
export function checkedUint(value: bigint): CelResult {
  return value >= 0n && value <= UINT_MAX ? new CelUint(value) : UINT_OVERFLOW;
}

function checkedTimestamp(nanos: bigint): CelResult {
  return isTimestampInRange(nanos) ? new CelTimestamp(nanos) : TIMESTAMP_OVERFLOW;
}

function checkedDuration(nanos: bigint): CelResult {
  return isDurationInRange(nanos) ? new CelDuration(nanos) : DURATION_OVERFLOW;
}

function arithmetic(
  operator: string,
  {
    ints,
    doubles,
  }: { ints: (a: bigint, b: bigint) => bigint | CelError; doubles?: (a: number, b: number) => number },
): Overload[] {
  const through = (value: bigint | CelError, check: (value: bigint) => CelResult): CelResult =>
    value instanceof CelError ? value : check(value);
  const name = `_${operator}_`;
  return [
    overload(`${name}(int, int): int`, ([a, b]) => through(ints(intOf(a), intOf(b)), checkedInt)),
    overload(`${name}(uint, uint): uint`, ([a, b]) => through(ints(uintOf(a), uintOf(b)), checkedUint)),
    ...(doubles === undefined
      ? []
      : [overload(`${name}(double, double): double`, ([a, b]) => doubles(doubleOf(a), doubleOf(b)))]),
  ];
}

const JOINED: CostRule = {
  cost: (sizes) => Math.ceil(((sizes[0]?.size ?? 0) + (sizes[1]?.size ?? 0)) * TRAVERSAL),
  resultSize: (sizes) => (sizes[0]?.size ?? 0) + (sizes[1]?.size ?? 0),
};

const ARITHMETIC: readonly Overload[] = [
  ...arithmetic('+', { ints: (a, b) => a + b, doubles: (a, b) => a + b }),
  ...arithmetic('-', { ints: (a, b) => a - b, doubles: (a, b) => a - b }),
  ...arithmetic('*', { ints: (a, b) => a * b, doubles: (a, b) => a * b }),
  ...arithmetic('/', { ints: (a, b) => (b === 0n ? DIVIDE_BY_ZERO : a / b), doubles: (a, b) => a / b }),
  ...arithmetic('%', { ints: (a, b) => (b === 0n ? MODULUS_BY_ZERO : a % b) }),
  overload('-_(int): int', ([a]) => checkedInt(-intOf(a))),
  overload('-_(double): double', ([a]) => -doubleOf(a)),
  overload('!_(bool): bool', ([a]) => !boolOf(a)),
  overload(
    '_+_(string, string): string',
    ([a, b]) => {
      const [left, right] = [textOf(a), textOf(b)];
      return left.length + right.length > RESULT_SIZE_MAX ? tooLarge() : left + right;
    },
    JOINED,
  ),
  overload('_+_(bytes, bytes): bytes', ([a, b]) => Buffer.concat([bytesOf(a), bytesOf(b)]), JOINED),
  overload('_+_(list(A), list(A)): list(A)', ([a, b], meter) => joinLists(listOf(a), listOf(b), meter), {
    resultSize: (sizes) => (sizes[0]?.size ?? 0) + (sizes[1]?.size ?? 0),
  }),
  overload('_+_(timestamp, duration): timestamp', ([a, b]) =>
    checkedTimestamp(timestampOf(a) + durationOf(b)),
  ),
  overload('_+_(duration, timestamp): timestamp', ([a, b]) =>
    checkedTimestamp(durationOf(a) + timestampOf(b)),
  ),
  overload('_+_(duration, duration): duration', ([a, b]) => checkedDuration(durationOf(a) + durationOf(b))),
  overload('_-_(timestamp, timestamp): duration', ([a, b]) =>
    checkedDuration(timestampOf(a) - timestampOf(b)),
  ),
  overload('_-_(timestamp, duration): timestamp', ([a, b]) =>
    checkedTimestamp(timestampOf(a) - durationOf(b)),
  ),
  overload('_-_(duration, duration): duration', ([a, b]) => checkedDuration(durationOf(a) - durationOf(b))),
];

/** The error where a result would be larger than {@link RESULT_SIZE_MAX}. */
export function tooLarge(): CelError {
  return new CelError(`the result is larger than ${RESULT_SIZE_MAX}`);
}

/** Lists that the API keeps as sets or maps add up as server-side apply merges them: what is there is not added twice. */
function joinLists(a: CelList, b: CelList, meter: Meter): CelResult {
  if (a.size + b.size > RESULT_SIZE_MAX) return tooLarge();
  if (a.kind.type === 'atomic') {
    if (a.size === 0) return b;
    if (b.size === 0) return a;
    return new CelList(a.size + b.size, (index) => (index < a.size ? a.at(index) : b.at(index - a.size)));
  }
  const merged = new Map<string, CelValue>();
  for (const list of [a, b]) {
    for (let index = 0; index < list.size; index += 1) {
      const item = list.at(index);
      if (item instanceof CelError) return item;
      merged.set(itemKey(a, item, meter) ?? `#${merged.size}`, item);
    }
  }
  return CelList.of([...merged.values()], a.kind);
}

const COMPARED = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration'];
const NUMERIC = ['int', 'uint', 'double'];

const SHORTER: CostRule = {
  cost: (sizes) => Math.ceil(Math.min(sizes[0]?.size ?? 1, sizes[1]?.size ?? 1) * TRAVERSAL),
};

function comparisons(operator: string, answers: (order: number) => boolean): Overload[] {
  const call = ([a, b]: readonly CelValue[]): CelResult => {
    const order = compareValues(a, b);
    return order === undefined ? NO_OVERLOAD : answers(order);
  };
  const mixed = NUMERIC.flatMap((a) => NUMERIC.filter((b) => b !== a).map((b) => [a, b] as const));
  const same = COMPARED.map((type) => [type, type] as const);
  return [...same, ...mixed].map(([a, b]) =>
    overload(
      `_${operator}_(${a}, ${b}): bool`,
      call,
      a === b && (a === 'string' || a === 'bytes') ? SHORTER : {},
    ),
  );
}

/** Negative, zero, positive, NaN; undefined for what has no order. Texts compare by their UTF-8. */
export function compareValues(a: CelValue | undefined, b: CelValue | undefined): number | undefined {
  if (a === undefined || b === undefined || a === null || b === null) return undefined;
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return compareNumbers(a.nanos, b.nanos);
  if (a instanceof CelDuration && b instanceof CelDuration) return compareNumbers(a.nanos, b.nanos);
  return undefined;
}

/** UTF-16 orders as UTF-8 does, but where there are surrogates. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  // What comes after the end of the shorter decides nothing.
  const length = Math.min(a.length, b.length) + 1;
  if (/[\uD800-\uDFFF]/.test(a.slice(0, length)) || /[\uD800-\uDFFF]/.test(b.slice(0, length)))
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

/** Equality pays by itself for what it looks at; the estimate is of what Kubernetes counts: the smaller of the two. */
const EQUALITY: CostRule = { cost: (sizes) => SHORTER.cost?.(sizes) ?? 1 };

const EQUALITIES: readonly Overload[] = [
  overload('_==_(A, A): bool', ([a = null, b = null], meter) => equalValues(a, b, meter), EQUALITY),
  overload('_!=_(A, A): bool', ([a = null, b = null], meter) => !equalValues(a, b, meter), EQUALITY),
  overload(
    '@in(A, list(A)): bool',
    ([a = null, b], meter) => {
      const list = listOf(b);
      for (let index = 0; index < list.size; index += 1) {
        const item = list.at(index);
        if (item instanceof CelError) return item;
        if (equalValues(a, item, meter)) return true;
      }
      return false;
    },
    { cost: (sizes) => sizes[1]?.size ?? 1 },
  ),
  overload('@in(A, map(A, B)): bool', ([a = null, b]) => b instanceof CelMap && b.get(a) !== undefined),
];

/** The item at an index, or why there is none. */
function itemAt(list: CelList, index: CelValue): CelResult {
  const whole = typeof index === 'bigint' ? index : index instanceof CelUint ? index.value : undefined;
  const position =
    whole ?? (typeof index === 'number' && Number.isInteger(index) ? BigInt(index) : undefined);
  if (position === undefined) return new CelError(`unsupported index type in list`);
  if (position < 0n || position >= BigInt(list.size)) return new CelError(`index out of bounds: ${position}`);
  return list.at(Number(position));
}

function valueAt(container: CelValue | undefined, key: CelValue | undefined): CelResult {
  if (container instanceof CelList) return itemAt(container, key ?? null);
  if (!(container instanceof CelMap)) return NO_OVERLOAD;
  const found = container.get(key ?? null);
  return found === undefined ? noSuchKey(key ?? null) : found;
}

/** `no such key: a`. */
export function noSuchKey(key: CelValue): CelError {
  const text = key instanceof CelUint ? key.value : typeof key === 'object' ? '' : key;
  return new CelError(`no such key: ${String(text)}`);
}

function optionalAt(container: CelValue | undefined, key: CelValue | undefined): CelResult {
  if (container instanceof CelOptional)
    return container.value === undefined ? CelOptional.none : optionalAt(container.value, key);
  const found = valueAt(container, key);
  return found instanceof CelError ? CelOptional.none : new CelOptional(found);
}

const ITEM_SIZE = (sizes: readonly ArgumentSize[]): number => sizes[0]?.itemSize ?? 1;

const INDEXING: readonly Overload[] = [
  overload('_[_](list(A), int): A', ([a, b]) => valueAt(a, b), { resultSize: ITEM_SIZE }),
  overload('_[_](map(A, B), A): B', ([a, b]) => valueAt(a, b)),
  ...['_[_]', '_[?_]'].flatMap((name) => [
    overload(`${name}(optional(list(A)), int): optional(A)`, ([a, b]) => optionalAt(a, b)),
    overload(`${name}(optional(map(A, B)), A): optional(B)`, ([a, b]) => optionalAt(a, b)),
  ]),
  overload('_[?_](list(A), int): optional(A)', ([a, b]) => optionalAt(a, b)),
  overload('_[?_](map(A, B), A): optional(B)', ([a, b]) => optionalAt(a, b)),
];

/** What the planner carries out by itself, because not all arguments are looked at: declared for the checker. */
const LAZY: readonly Overload[] = [
  overload('_&&_(bool, bool): bool', () => NO_OVERLOAD),
  overload('_||_(bool, bool): bool', () => NO_OVERLOAD),
  overload('_?_:_(bool, A, A): A', () => NO_OVERLOAD, {
    cost: () => 0,
    resultSize: (sizes) => Math.max(sizeLike(1)(sizes), sizeLike(2)(sizes)),
  }),
];

/** The operators of CEL. Source: the CEL language definition, "List of Standard Definitions". */
export const OPERATORS: readonly Overload[] = [
  ...ARITHMETIC,
  ...comparisons('<', (order) => order < 0),
  ...comparisons('<=', (order) => order <= 0),
  ...comparisons('>', (order) => order > 0),
  ...comparisons('>=', (order) => order >= 0),
  ...EQUALITIES,
  ...INDEXING,
  ...LAZY,
];
