/**
 * A codec for Protocol Buffers (proto3) without code generation: a message is a table of fields, and its TypeScript type
 * follows from the table. Integers are numbers: beyond 2^53 they are rounded, which costs CRI's nanosecond stamps less
 * than a microsecond. Fields of unknown numbers are skipped. Source: protobuf.dev, "Encoding".
 */

/** Bytes that are not a message of the expected type. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** How one field is written to and read from the wire. `Out` is what decoding yields, `In` what encoding takes. */
export interface Field<Out, In = Out> {
  readonly number: number;
  /** What an absent field decodes to. */
  absent(): Out;
  /** Writes a value; the zero value of a scalar is left out. */
  write(writer: Writer, value: In): void;
  /** Reads one occurrence; `previous` is what earlier ones left. */
  read(reader: Reader, wireType: number, previous: Out): Out;
}

type Table = Readonly<Record<string, Field<unknown, unknown>>>;

/** What decoding a table yields: every field is there. */
export type Decoded<T extends Table> = {
  [Name in keyof T]: T[Name] extends Field<infer Out, infer _In> ? Out : never;
};

/** What encoding a table takes: every field may be left out. */
export type Encodable<T extends Table> = {
  readonly [Name in keyof T]?: (T[Name] extends Field<infer _Out, infer In> ? In : never) | undefined;
};

/** A message type. */
export interface Message<Out, In> {
  encode(value: In): Uint8Array;
  /** Throws {@link ProtobufError} on malformed bytes. */
  decode(bytes: Uint8Array): Out;
}

/** What a message type decodes to. */
export type MessageOf<M> = M extends Message<infer Out, infer _In> ? Out : never;

/** What a message type encodes. */
export type InputOf<M> = M extends Message<infer _Out, infer In> ? In : never;

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** The longest number on the wire, in bytes: 64 bits in groups of seven. */
const VARINT_BYTES_MAX = 10;

/** Up to so many bytes a number is exact in a double. */
const VARINT_BYTES_EXACT = 7;

/** A message type from its table of fields. */
export function message<const T extends Table>(table: T): Message<Decoded<T>, Encodable<T>> {
  const fields = Object.entries(table);
  const byNumber = new Map(fields.map(([name, field]) => [field.number, [name, field] as const]));
  return {
    encode(value) {
      const writer = new Writer();
      for (const [name, field] of fields) {
        const given = value[name];
        if (given !== undefined) field.write(writer, given);
      }
      return writer.finish();
    },
    decode(bytes) {
      const decoded: Record<string, unknown> = {};
      for (const [name, field] of fields) decoded[name] = field.absent();
      const reader = new Reader(bytes);
      while (!reader.atEnd) {
        const tag = reader.varint();
        const known = byNumber.get(Math.floor(tag / 8));
        if (known === undefined) reader.skip(tag % 8);
        else decoded[known[0]] = known[1].read(reader, tag % 8, decoded[known[0]]);
      }
      return decoded as Decoded<T>;
    },
  };
}

/** `string`, UTF-8. */
export function string(number: number): Field<string> {
  return {
    number,
    absent: () => '',
    write: (writer, value) => {
      if (value !== '') writer.delimited(number, Buffer.from(value, 'utf8'));
    },
    read: (reader, wireType) => reader.delimited(wireType).toString('utf8'),
  };
}

/** `bytes`. A decoded value is a view of the message. */
export function bytes(number: number): Field<Uint8Array> {
  return {
    number,
    absent: () => new Uint8Array(0),
    write: (writer, value) => {
      if (value.length > 0) writer.delimited(number, value);
    },
    read: (reader, wireType) => reader.delimited(wireType),
  };
}

/** `bool`. */
export function bool(number: number): Field<boolean> {
  return {
    number,
    absent: () => false,
    write: (writer, value) => {
      if (value) writer.varintField(number, 1);
    },
    read: (reader, wireType) => reader.scalar(wireType) !== 0,
  };
}

/** `int32` and `int64`: two's complement of 64 bits, so a negative number takes ten bytes. */
export function int(number: number): Field<number> {
  return {
    number,
    absent: () => 0,
    write: (writer, value) => {
      if (value !== 0) writer.varintField(number, value);
    },
    read: (reader, wireType) => reader.scalar(wireType, 'signed'),
  };
}

/** `uint32` and `uint64`. */
export function uint(number: number): Field<number> {
  return { ...int(number), read: (reader, wireType) => reader.scalar(wireType) };
}

/** An enum given as the names of its values from 0 on. A value of no name decodes to the first. */
export function enumeration<const Names extends readonly [string, ...string[]]>(
  number: number,
  names: Names,
): Field<Names[number]> {
  return {
    number,
    absent: () => names[0],
    write: (writer, value) => {
      const index = names.indexOf(value);
      if (index > 0) writer.varintField(number, index);
    },
    read: (reader, wireType) => names[reader.scalar(wireType)] ?? names[0],
  };
}

/** A message within a message; undefined where absent. Present and empty is not absent. */
export function nested<Out, In>(number: number, type: Message<Out, In>): Field<Out | undefined, In> {
  return {
    number,
    absent: () => undefined,
    write: (writer, value) => writer.delimited(number, type.encode(value)),
    read: (reader, wireType) => type.decode(reader.delimited(wireType)),
  };
}

/** Repeated strings. */
export function strings(number: number): Field<string[], readonly string[]> {
  return {
    number,
    absent: () => [],
    write: (writer, values) => {
      for (const value of values) writer.delimited(number, Buffer.from(value, 'utf8'));
    },
    read: (reader, wireType, previous) => {
      previous.push(reader.delimited(wireType).toString('utf8'));
      return previous;
    },
  };
}

/** Repeated integers: written packed, read packed or not. */
export function ints(number: number): Field<number[], readonly number[]> {
  return {
    number,
    absent: () => [],
    write: (writer, values) => {
      if (values.length === 0) return;
      const packed = new Writer();
      for (const value of values) packed.varint(value);
      writer.delimited(number, packed.finish());
    },
    read: (reader, wireType, previous) => {
      const packed = wireType === DELIMITED ? new Reader(reader.delimited(wireType)) : undefined;
      if (packed === undefined) previous.push(reader.scalar(wireType, 'signed'));
      else while (!packed.atEnd) previous.push(packed.varint('signed'));
      return previous;
    },
  };
}

/** Repeated messages. */
export function list<Out, In>(number: number, type: Message<Out, In>): Field<Out[], readonly In[]> {
  return {
    number,
    absent: () => [],
    write: (writer, values) => {
      for (const value of values) writer.delimited(number, type.encode(value));
    },
    read: (reader, wireType, previous) => {
      previous.push(type.decode(reader.delimited(wireType)));
      return previous;
    },
  };
}

const MapEntry = message({ key: string(1), value: string(2) });

/** `map<string, string>`. */
export function map(number: number): Field<Record<string, string>, Readonly<Record<string, string>>> {
  return {
    number,
    absent: () => ({}),
    write: (writer, value) => {
      for (const [key, text] of Object.entries(value)) {
        writer.delimited(number, MapEntry.encode({ key, value: text }));
      }
    },
    read: (reader, wireType, previous) => {
      const entry = MapEntry.decode(reader.delimited(wireType));
      // Not by assignment: a key `__proto__` is a key like any other.
      return Object.defineProperty(previous, entry.key, {
        value: entry.value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    },
  };
}

class Writer {
  readonly #parts: Uint8Array[] = [];

  varintField(number: number, value: number): void {
    this.varint(number * 8 + VARINT);
    this.varint(value);
  }

  delimited(number: number, value: Uint8Array): void {
    this.varint(number * 8 + DELIMITED);
    this.varint(value.length);
    this.#parts.push(value);
  }

  varint(value: number): void {
    if (!Number.isSafeInteger(value)) throw new ProtobufError(`${value} is not a whole number within 2^53`);
    this.#parts.push(Uint8Array.from(value < 0 ? negativeVarint(value) : positiveVarint(value)));
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

function positiveVarint(value: number): number[] {
  const encoded: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) encoded.push((left % 0x80) | 0x80);
  encoded.push(left);
  return encoded;
}

function negativeVarint(value: number): number[] {
  const encoded: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left > 0x7fn; left >>= 7n) encoded.push(Number(left & 0x7fn) | 0x80);
  encoded.push(Number(left));
  return encoded;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(source: Uint8Array) {
    this.#bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next number; rounded beyond 2^53. */
  varint(sign: 'signed' | 'unsigned' = 'unsigned'): number {
    const from = this.#at;
    while ((this.#next() & 0x80) !== 0) {
      if (this.#at - from === VARINT_BYTES_MAX)
        throw new ProtobufError(`a number is longer than ${VARINT_BYTES_MAX} bytes`);
    }
    if (this.#at - from > VARINT_BYTES_EXACT) return this.#longVarint(from, sign);
    let value = 0;
    for (let at = this.#at - 1; at >= from; at--) value = value * 128 + ((this.#bytes[at] ?? 0) & 0x7f);
    return value;
  }

  #longVarint(from: number, sign: 'signed' | 'unsigned'): number {
    let value = 0n;
    for (let at = this.#at - 1; at >= from; at--)
      value = (value << 7n) | BigInt((this.#bytes[at] ?? 0) & 0x7f);
    return Number(sign === 'signed' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value));
  }

  #next(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new ProtobufError('a number is cut off at the end of the message');
    this.#at += 1;
    return byte;
  }

  scalar(wireType: number, sign: 'signed' | 'unsigned' = 'unsigned'): number {
    if (wireType !== VARINT)
      throw new ProtobufError(`a number has wire type ${wireType}, expected ${VARINT}`);
    return this.varint(sign);
  }

  delimited(wireType: number): Buffer {
    if (wireType !== DELIMITED)
      throw new ProtobufError(`a value has wire type ${wireType}, expected ${DELIMITED}`);
    return this.#take(this.varint());
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.#take(8);
    else if (wireType === DELIMITED) this.#take(this.varint());
    else if (wireType === FIXED32) this.#take(4);
    else throw new ProtobufError(`wire type ${wireType} is unknown`);
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length)
      throw new ProtobufError(`a value of ${length} bytes is cut off at the end of the message`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
