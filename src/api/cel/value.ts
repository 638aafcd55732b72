/**
 * The values that an expression computes with. Lists and maps are views: what stands behind them is converted when it is
 * looked at, so that an expression costs what it reads and not what the object weighs.
 */

/** A value, or why there is none: errors are values, because `false && error` is false. */
export type CelResult = CelValue | CelError;

/** A value. An int is a bigint, a double a number. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | CelUint
  | CelTimestamp
  | CelDuration
  | CelList
  | CelMap
  | CelOptional
  | CelTypeValue
  | CelObject;

/** Why an evaluation has no value, in the words of cel-go: `no such key: a`, `division by zero`. */
export class CelError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** An unsigned integer of 64 bits. */
export class CelUint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time, in nanoseconds since 1970 (UTC). */
export class CelTimestamp {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A length of time in nanoseconds. */
export class CelDuration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A type as a value: what `type(x)` and the name of a type give. */
export class CelTypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A value that may be absent: `optional.of(x)`, `optional.none()`, `self.?field`. */
export class CelOptional {
  static readonly none = new CelOptional(undefined);
  readonly value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** How the API merges and compares a list: `x-kubernetes-list-type`. */
export type ListKind =
  | { readonly type: 'atomic' | 'set' }
  | { readonly type: 'map'; readonly keys: readonly string[] };

const ATOMIC: ListKind = { type: 'atomic' };

/** A list. */
export class CelList {
  readonly size: number;
  readonly at: (index: number) => CelResult;
  readonly kind: ListKind;

  constructor(size: number, at: (index: number) => CelResult, kind: ListKind = ATOMIC) {
    this.size = size;
    this.at = at;
    this.kind = kind;
  }

  static of(items: readonly CelValue[], kind: ListKind = ATOMIC): CelList {
    return new CelList(items.length, (index) => items[index] ?? null, kind);
  }
}

/** A map, or an object with declared fields: then `typeName` says of which type. */
export class CelMap {
  /** The value of a key, undefined where there is none. */
  readonly get: (key: CelValue) => CelResult | undefined;
  readonly typeName: string;
  readonly #listKeys: () => readonly CelValue[];
  #keys: readonly CelValue[] | undefined;

  /** Keys are listed when they are first asked for: reading one field of a large object does not look at the others. */
  constructor(
    listKeys: () => readonly CelValue[],
    get: (key: CelValue) => CelResult | undefined,
    typeName = 'map',
  ) {
    this.#listKeys = listKeys;
    this.get = get;
    this.typeName = typeName;
  }

  get keys(): readonly CelValue[] {
    this.#keys ??= this.#listKeys();
    return this.#keys;
  }

  get size(): number {
    return this.keys.length;
  }

  static of(entries: ReadonlyMap<CelValue, CelValue>, typeName = 'map'): CelMap {
    const byKey = new Map([...entries].map(([key, value]) => [mapKey(key), value]));
    return new CelMap(
      () => [...entries.keys()],
      (key) => byKey.get(mapKey(key)),
      typeName,
    );
  }

  static ofFields(fields: Readonly<Record<string, CelValue>>, typeName = 'map'): CelMap {
    return CelMap.of(new Map(Object.entries(fields)), typeName);
  }
}

/** A value of a library: a quantity, a URL, an address, an authorizer. */
export interface CelObject {
  readonly celType: string;
  readonly equals: (other: CelObject) => boolean;
}

/** Whether a value is one of a library. */
export function isCelObject(value: CelResult): value is CelObject {
  return typeof value === 'object' && value !== null && 'celType' in value;
}

/** A key by which equal keys are found: 1, 1u and 1.0 are one. Undefined for what is no key. */
export function mapKey(value: CelValue): string | undefined {
  if (typeof value === 'string') return `s${value}`;
  if (typeof value === 'boolean') return `b${value}`;
  if (typeof value === 'bigint') return `n${value}`;
  if (value instanceof CelUint) return `n${value.value}`;
  if (typeof value === 'number') return Number.isInteger(value) ? `n${BigInt(value)}` : `d${value}`;
  return undefined;
}

/** The name of a value's type, as `type(x)` prints it. */
export function typeNameOf(value: CelValue): string {
  if (value === null) return 'null_type';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'double';
  if (typeof value === 'string') return 'string';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof CelUint) return 'uint';
  if (value instanceof CelTimestamp) return 'google.protobuf.Timestamp';
  if (value instanceof CelDuration) return 'google.protobuf.Duration';
  if (value instanceof CelList) return 'list';
  if (value instanceof CelMap) return value.typeName;
  if (value instanceof CelOptional) return 'optional_type';
  if (value instanceof CelTypeValue) return 'type';
  return value.celType;
}

/** As {@link sizeOf}, without counting the characters of a text: its UTF-16 units, which is what looking at it takes. */
export function weightOf(value: CelResult): number {
  return typeof value === 'string' ? value.length : sizeOf(value);
}

/** What `size(x)` gives, 1 where it has none: characters of a string, bytes, items of a list, entries of a map. */
export function sizeOf(value: CelResult): number {
  if (typeof value === 'string') return stringSize(value);
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof CelList || value instanceof CelMap) return value.size;
  return 1;
}

const SURROGATE = /[\uD800-\uDBFF]/;

/** The characters (code points) of a text. */
export function stringSize(text: string): number {
  if (!SURROGATE.test(text)) return text.length;
  let size = 0;
  for (const _character of text) size += 1;
  return size;
}
