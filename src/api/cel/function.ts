import { type CelType, opaque, parseType, splitArguments } from '#api/cel/cel-type.ts';
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
} from '#api/cel/value.ts';

/** How large an argument is, or may become: as `size()` says, 1 where it has none. */
export interface ArgumentSize {
  readonly size: number;
  /** Of a list: the size of its largest item. */
  readonly itemSize: number;
}

/** One form of a function: what it takes, what it gives, what it costs. */
export interface Overload {
  readonly name: string;
  readonly isMethod: boolean;
  /** The target of a method is the first. */
  readonly parameters: readonly CelType[];
  readonly result: CelType;
  /** Only with arguments of these types, and none of them an error. */
  readonly call: (args: readonly CelValue[], meter: Meter) => CelResult;
  /** Units for arguments of such sizes, beside what the arguments themselves cost. Rises with each size. */
  readonly cost: (sizes: readonly ArgumentSize[]) => number;
  /** The largest size of the result for arguments of at most such sizes; unknown where absent. */
  readonly resultSize?: (sizes: readonly ArgumentSize[]) => number;
}

/** What a function costs, and how large its result may become. */
export interface CostRule {
  readonly cost?: Overload['cost'];
  readonly resultSize?: NonNullable<Overload['resultSize']>;
}

/** Units for looking at one character, as Kubernetes counts. */
export const TRAVERSAL = 0.1;
/** Units for one character of a regular expression, for each that is looked at. */
const PATTERN_FACTOR = 0.25;

/** One unit, whatever the arguments: recognised by its identity. */
export const FIXED_COST: Overload['cost'] = () => 1;

/** `string.charAt(int): string` is a method of string, `quantity(string): kubernetes.Quantity` is a function. */
export function overload(signature: string, call: Overload['call'], rule: CostRule = {}): Overload {
  const colon = signature.lastIndexOf('):');
  const open = openingOf(signature, colon);
  const name = signature.slice(0, open);
  const parameters = splitArguments(signature.slice(open + 1, colon)).map(parseType);
  const [target, method] = splitTarget(name);
  return {
    name: method,
    isMethod: target !== undefined,
    parameters: target === undefined ? parameters : [parseType(target), ...parameters],
    result: parseType(signature.slice(colon + 2)),
    call,
    cost: rule.cost ?? FIXED_COST,
    ...(rule.resultSize === undefined ? {} : { resultSize: rule.resultSize }),
  };
}

/** As {@link overload}, a method of a library's type, whose name has dots: `methodOf('net.IP', 'family(): int', …)`. */
export function methodOf(
  type: string,
  signature: string,
  call: Overload['call'],
  rule: CostRule = {},
): Overload {
  const made = overload(signature, call, rule);
  return { ...made, isMethod: true, parameters: [opaque(type), ...made.parameters] };
}

function openingOf(signature: string, close: number): number {
  let depth = 1;
  let at = close;
  while (depth > 0 && at > 0) {
    at -= 1;
    if (signature[at] === ')') depth += 1;
    if (signature[at] === '(') depth -= 1;
  }
  return at;
}

/** `list(T).sum` is method `sum`; `@optional.of` is a function whose name has a dot. */
function splitTarget(name: string): [string | undefined, string] {
  if (name.startsWith('@@')) return [undefined, name.slice(2)];
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? [undefined, name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** Looks at the whole of one argument, `factor` times. */
export function traversing(index: number, factor = 1): Overload['cost'] {
  return (sizes) => Math.ceil((sizes[index]?.size ?? 1) * TRAVERSAL * factor);
}

/** Matches the text of one argument against the pattern of another. */
export function matching(text: number, pattern: number): Overload['cost'] {
  return (sizes) =>
    Math.ceil(((sizes[text]?.size ?? 0) + 1) * TRAVERSAL) *
    Math.ceil((sizes[pattern]?.size ?? 0) * PATTERN_FACTOR);
}

/** As large as one argument. */
export function sizeLike(index: number, factor = 1): NonNullable<Overload['resultSize']> {
  return (sizes) => (sizes[index]?.size ?? 1) * factor;
}

/** Whether a value is of a type; open types and `dyn` hold any. */
export function holds(type: CelType, value: CelValue): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'variable':
      return true;
    case 'int':
      return typeof value === 'bigint';
    case 'uint':
      return value instanceof CelUint;
    case 'double':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'null':
      return value === null;
    case 'bytes':
      return value instanceof Uint8Array;
    case 'timestamp':
      return value instanceof CelTimestamp;
    case 'duration':
      return value instanceof CelDuration;
    case 'list':
      return value instanceof CelList;
    case 'map':
    case 'object':
      return value instanceof CelMap;
    case 'type':
      return value instanceof CelTypeValue;
    case 'opaque':
      return type.name === 'optional_type'
        ? value instanceof CelOptional
        : isCelObject(value) && value.celType === type.name;
  }
}

/** The answer where no form of a function takes what is given. */
export const NO_OVERLOAD = new CelError('no such overload');
