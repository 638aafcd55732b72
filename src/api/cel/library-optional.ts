import { listOf, optionalOf } from '#api/cel/argument.ts';
import { type Overload, overload } from '#api/cel/function.ts';
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  CelUint,
  type CelValue,
} from '#api/cel/value.ts';

const NO_VALUE = new CelError('optional.none() dereference');

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === '' || value === 0n || value === 0) return true;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof CelDuration) return value.nanos === 0n;
  if (value instanceof Uint8Array) return value.length === 0;
  return (value instanceof CelList || value instanceof CelMap) && value.size === 0;
}

/** Values that may be absent. `optMap` and `optFlatMap` are macros. Source: cel-go's optional types. */
export const OPTIONALS: readonly Overload[] = [
  overload('@@optional.of(A): optional(A)', ([a = null]) => new CelOptional(a)),
  overload('@@optional.ofNonZeroValue(A): optional(A)', ([a = null]) =>
    isZero(a) ? CelOptional.none : new CelOptional(a),
  ),
  overload('@@optional.none(): optional(A)', () => CelOptional.none),
  overload('optional(A).hasValue(): bool', ([a]) => optionalOf(a).value !== undefined),
  overload('optional(A).value(): A', ([a]) => optionalOf(a).value ?? missing(optionalOf(a))),
  overload('optional(A).or(optional(A)): optional(A)', ([a, b]) =>
    optionalOf(a).value === undefined ? optionalOf(b) : optionalOf(a),
  ),
  overload('optional(A).orValue(A): A', ([a, b = null]) => {
    const { value } = optionalOf(a);
    return value === undefined ? b : value;
  }),
  overload('@@optional.unwrap(list(optional(A))): list(A)', ([a]) => unwrap(listOf(a))),
  overload('list(optional(A)).unwrapOpt(): list(A)', ([a]) => unwrap(listOf(a))),
];

/** `null` is a value. */
function missing({ value }: CelOptional): CelValue | CelError {
  return value === null ? null : NO_VALUE;
}

function unwrap(list: CelList): CelValue | CelError {
  const items: CelValue[] = [];
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (item instanceof CelError) return item;
    if (item instanceof CelOptional && item.value !== undefined) items.push(item.value);
  }
  return CelList.of(items);
}
