import { TRAVERSAL } from '#api/cel/function.ts';
import type { Meter } from '#api/cel/meter.ts';
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  type CelResult,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  type CelValue,
  isCelObject,
  mapKey,
  weightOf,
} from '#api/cel/value.ts';

/**
 * Whether two values are equal: numbers by what they count, whatever their types; values of different types are not; lists
 * that the API keeps as sets or maps whatever their order. Each thing looked at is paid for, so that deep values cost what
 * they are worth.
 */
export function equalValues(a: CelValue, b: CelValue, meter: Meter): boolean {
  meter.charge(TRAVERSAL * Math.min(weightOf(a), weightOf(b)));
  if (a === b) return true;
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) === 0;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.nanos === b.nanos;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanos === b.nanos;
  if (a instanceof CelTypeValue) return b instanceof CelTypeValue && a.name === b.name;
  if (a instanceof CelList) return b instanceof CelList && equalLists(a, b, meter);
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b, meter);
  if (a instanceof CelOptional) {
    if (!(b instanceof CelOptional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equalValues(a.value, b.value, meter);
  }
  return isCelObject(a) && isCelObject(b) && a.celType === b.celType && a.equals(b);
}

function equalResults(a: CelResult, b: CelResult, meter: Meter): boolean {
  return !(a instanceof CelError) && !(b instanceof CelError) && equalValues(a, b, meter);
}

function equalLists(a: CelList, b: CelList, meter: Meter): boolean {
  if (a.size !== b.size) return false;
  if (a.kind.type === 'atomic') {
    for (let index = 0; index < a.size; index += 1)
      if (!equalResults(a.at(index), b.at(index), meter)) return false;
    return true;
  }
  const others = new Map<string, CelResult>();
  for (let index = 0; index < b.size; index += 1) {
    const item = b.at(index);
    others.set(itemKey(b, item, meter) ?? `#${index}`, item);
  }
  for (let index = 0; index < a.size; index += 1) {
    const item = a.at(index);
    const key = itemKey(a, item, meter);
    const other = key === undefined ? undefined : others.get(key);
    if (other === undefined || !equalResults(item, other, meter)) return false;
  }
  return true;
}

/** What an item of a set or of a list with keys is known by; undefined where it cannot be told. */
export function itemKey(list: CelList, item: CelResult, meter: Meter): string | undefined {
  meter.charge(TRAVERSAL);
  if (item instanceof CelError) return undefined;
  if (list.kind.type !== 'map') return mapKey(item);
  if (!(item instanceof CelMap)) return undefined;
  const parts = list.kind.keys.map((name) => {
    const value = item.get(name);
    return value === undefined || value instanceof CelError ? '' : (mapKey(value) ?? '');
  });
  return JSON.stringify(parts);
}

function equalMaps(a: CelMap, b: CelMap, meter: Meter): boolean {
  if (a.size !== b.size) return false;
  return a.keys.every((key) => {
    const mine = a.get(key);
    const other = b.get(key);
    return mine !== undefined && other !== undefined && equalResults(mine, other, meter);
  });
}

/** An int, uint or double. */
export type Numeric = bigint | number | CelUint;

export function isNumeric(value: CelValue): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof CelUint;
}

/** Negative, zero, positive; NaN where one is not a number. Exact across types, also beyond 2^53. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  const left = a instanceof CelUint ? a.value : a;
  const right = b instanceof CelUint ? b.value : b;
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.NaN;
  return left < right ? -1 : left > right ? 1 : 0;
}
