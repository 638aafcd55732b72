/** The types that the checker reckons with. Sizes are not part of a type's identity: they feed the estimate of costs. */
import type { ListKind } from '#api/cel/value.ts';

/** A type. */
export type CelType =
  | SimpleType
  | SizedType
  | ListCelType
  | MapCelType
  | ObjectCelType
  | OpaqueType
  | TypeOfType
  | VariableType;

interface SimpleType {
  readonly kind: 'dyn' | 'int' | 'uint' | 'double' | 'bool' | 'null';
  /** Of `dyn` from `x-kubernetes-int-or-string`: the longest text that it may be. */
  readonly sizeMax?: number;
}

interface SizedType {
  readonly kind: 'string' | 'bytes' | 'timestamp' | 'duration';
  /** The longest value, in bytes; unknown where absent. */
  readonly sizeMax?: number;
}

export interface ListCelType {
  readonly kind: 'list';
  readonly item: CelType;
  readonly sizeMax?: number;
  /** How values of this type compare and add up. */
  readonly list?: ListKind;
}

export interface MapCelType {
  readonly kind: 'map';
  readonly key: CelType;
  readonly value: CelType;
  readonly sizeMax?: number;
}

/** An object with declared fields. Fields are asked for by name, because kinds may contain themselves. */
export interface ObjectCelType {
  readonly kind: 'object';
  readonly name: string;
  /** Fields by the name that an expression uses for them. */
  readonly fieldOf: (name: string) => ObjectField | undefined;
  /** The names that an expression uses, of the fields whose JSON names are given. */
  readonly namesOf: (jsonNames: readonly string[]) => readonly string[];
}

export interface ObjectField {
  readonly jsonName: string;
  readonly type: CelType;
}

/** A type of a library: `kubernetes.Quantity`, `optional_type(T)`. */
export interface OpaqueType {
  readonly kind: 'opaque';
  readonly name: string;
  readonly args: readonly CelType[];
}

/** The type of a type. */
interface TypeOfType {
  readonly kind: 'type';
  readonly of: CelType;
}

/** A type that a function leaves open, e.g. `T` in `list(T)`. `id` is set where it stands for one use of the function. */
interface VariableType {
  readonly kind: 'variable';
  readonly name: string;
}

export const DYN: CelType = { kind: 'dyn' };
export const INT: CelType = { kind: 'int' };
export const UINT: CelType = { kind: 'uint' };
export const DOUBLE: CelType = { kind: 'double' };
export const BOOL: CelType = { kind: 'bool' };
export const NULL: CelType = { kind: 'null' };
export const STRING: CelType = { kind: 'string' };
export const BYTES: CelType = { kind: 'bytes' };
export const TIMESTAMP: CelType = { kind: 'timestamp' };
export const DURATION: CelType = { kind: 'duration' };

export function listOf(item: CelType): CelType {
  return { kind: 'list', item };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: 'map', key, value };
}

export function optionalOf(type: CelType): CelType {
  return { kind: 'opaque', name: 'optional_type', args: [type] };
}

export function opaque(name: string): CelType {
  return { kind: 'opaque', name, args: [] };
}

export function variable(name: string): CelType {
  return { kind: 'variable', name };
}

const NAMES: Readonly<Record<SimpleType['kind'] | SizedType['kind'], string>> = {
  dyn: 'dyn',
  int: 'int',
  uint: 'uint',
  double: 'double',
  bool: 'bool',
  null: 'null',
  string: 'string',
  bytes: 'bytes',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
};

/** A type as messages name it: `list(string)`, `map(string, int)`. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${formatType(type.item)})`;
    case 'map':
      return `map(${formatType(type.key)}, ${formatType(type.value)})`;
    case 'object':
      return type.name;
    case 'opaque':
      return type.args.length === 0 ? type.name : `${type.name}(${type.args.map(formatType).join(', ')})`;
    case 'type':
      return `type(${formatType(type.of)})`;
    case 'variable':
      return type.name;
    default:
      return NAMES[type.kind];
  }
}

/** Parses what {@link formatType} writes, for declarations: `list(A)`, `map(string, dyn)`; one capital letter is open. */
export function parseType(text: string): CelType {
  const [name, inner] = splitCall(text.trim());
  const args = inner === undefined ? [] : splitArguments(inner).map(parseType);
  const [first = DYN, second = DYN] = args;
  if (name === 'list') return listOf(first);
  if (name === 'map') return mapOf(first, second);
  if (name === 'type') return { kind: 'type', of: first };
  if (name === 'optional') return optionalOf(first);
  if (/^[A-Z]$/.test(name)) return variable(name);
  return isSimpleName(name) ? { kind: name } : { kind: 'opaque', name, args };
}

function isSimpleName(name: string): name is SimpleType['kind'] {
  return Object.hasOwn(NAMES, name);
}

function splitCall(text: string): [string, string | undefined] {
  const open = text.indexOf('(');
  return open < 0 ? [text, undefined] : [text.slice(0, open), text.slice(open + 1, text.lastIndexOf(')'))];
}

/** Splits at commas outside of parentheses. */
export function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at];
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (at === text.length || (character === ',' && depth === 0)) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return parts.filter((part) => part !== '');
}
