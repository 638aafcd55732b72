import { MACRO_COSTS } from '#api/cel/costs.ts';
import { RESULT_SIZE_MAX, tooLarge } from '#api/cel/library-operators.ts';
import type { Frame, Planner, Step } from '#api/cel/step.ts';
import type { ComprehensionExpression } from '#api/cel/syntax.ts';
import {
  CelError,
  CelList,
  CelMap,
  type CelResult,
  type CelValue,
  mapKey,
  typeNameOf,
} from '#api/cel/value.ts';

/** A loop over the elements of a list or map. It ends early where cel-go's would, and pays for each round before it. */
export function planComprehension({ plan, scope }: Planner, expression: ComprehensionExpression): Step {
  const { form, variables } = expression;
  const range = plan(expression.range, scope);
  const inner = [...scope, ...variables];
  const condition = expression.condition === undefined ? undefined : plan(expression.condition, inner);
  const body = plan(expression.body, inner);
  const costs = MACRO_COSTS[form];
  return (frame) => {
    const over = range(frame);
    if (over instanceof CelError) return over;
    if (!(over instanceof CelList) && !(over instanceof CelMap)) return new CelError('no such overload');
    frame.meter.charge(costs.once);
    const collector = COLLECTORS[form]();
    for (let index = 0; index < over.size; index += 1) {
      frame.meter.charge(costs.round);
      const failed = enter(frame, over, { index, place: scope.length, count: variables.length });
      if (failed !== undefined) return failed;
      if (condition !== undefined) {
        const wanted = condition(frame);
        if (wanted instanceof CelError) return wanted;
        if (wanted !== true) continue;
      }
      const [first = null] = frame.locals.slice(scope.length, scope.length + 1);
      const ended = collector.take(body(frame), first);
      if (ended !== undefined) return ended;
    }
    return collector.result();
  };
}

/** Puts the element of a round into its variables; the error where it has none. */
function enter(
  frame: Frame,
  over: CelList | CelMap,
  { index, place, count }: { index: number; place: number; count: number },
): CelError | undefined {
  const key: CelValue = over instanceof CelMap ? (over.keys[index] ?? null) : BigInt(index);
  if (count === 1 && over instanceof CelMap) {
    frame.locals[place] = key;
    return undefined;
  }
  const value = over instanceof CelMap ? (over.get(key) ?? null) : over.at(index);
  if (value instanceof CelError) return value;
  if (count === 2) frame.locals[place] = key;
  frame.locals[place + count - 1] = value;
  return undefined;
}

/** Gathers what the rounds give. `take` answers with the result where no further round can change it. */
interface Collector {
  readonly take: (value: CelResult, first: CelResult) => CelResult | undefined;
  readonly result: () => CelResult;
}

const NOT_BOOL = new CelError('no such overload');

/** `all` and `exists`: one round may decide, and outweighs an error of another. */
function quantifier(decisive: boolean): Collector {
  let error: CelError | undefined;
  return {
    take: (value) => {
      if (value === decisive) return decisive;
      if (value instanceof CelError) error ??= value;
      else if (typeof value !== 'boolean') error ??= NOT_BOOL;
      return undefined;
    },
    result: () => error ?? !decisive,
  };
}

function counter(): Collector {
  let count = 0;
  return {
    take: (value) => {
      if (value instanceof CelError) return value;
      if (typeof value !== 'boolean') return NOT_BOOL;
      if (value) count += 1;
      return undefined;
    },
    result: () => count === 1,
  };
}

function listing(select: (value: CelValue, first: CelResult) => CelResult | undefined): Collector {
  const items: CelValue[] = [];
  return {
    take: (value, first) => {
      if (value instanceof CelError) return value;
      const item = select(value, first);
      if (item instanceof CelError) return item;
      if (item !== undefined) items.push(item);
      return checkGrowth(items.length);
    },
    result: () => CelList.of(items),
  };
}

function mapping(
  entriesOf: (value: CelValue, first: CelResult) => readonly (readonly [CelValue, CelResult])[],
): Collector {
  const entries = new Map<CelValue, CelValue>();
  const seen = new Set<string>();
  return {
    take: (value, first) => {
      if (value instanceof CelError) return value;
      for (const [key, item] of entriesOf(value, first)) {
        if (item instanceof CelError) return item;
        const known = mapKey(key);
        if (known === undefined) return new CelError(`unsupported key type: ${typeNameOf(key)}`);
        if (seen.has(known)) return new CelError(`insert failed: key ${String(key)} already exists`);
        seen.add(known);
        entries.set(key, item);
      }
      return checkGrowth(entries.size);
    },
    result: () => CelMap.of(entries),
  };
}

function entriesOfMap(value: CelValue): readonly (readonly [CelValue, CelResult])[] {
  if (!(value instanceof CelMap)) return [[null, NOT_BOOL]];
  return value.keys.map((key) => [key, value.get(key) ?? null]);
}

const COLLECTORS: Readonly<Record<ComprehensionExpression['form'], () => Collector>> = {
  all: () => quantifier(false),
  exists: () => quantifier(true),
  existsOne: counter,
  map: () => listing((value) => value),
  filter: () =>
    listing((value, first) => (typeof value === 'boolean' ? (value ? first : undefined) : NOT_BOOL)),
  transformMap: () => mapping((value, first) => [[first instanceof CelError ? null : first, value]]),
  transformMapEntry: () => mapping(entriesOfMap),
};

/** Whether a list or map may grow by one more. */
function checkGrowth(size: number): CelError | undefined {
  return size >= RESULT_SIZE_MAX ? tooLarge() : undefined;
}
