/**
 * The notation in which messages are kept: one text for each, of `number:name:type` separated by spaces.
 *
 *     1:metadata:meta/v1.ObjectMeta 2:data:{string} 4:immutable:bool!  2:~:.VolumeSource
 *
 * Types are scalars (see {@link ScalarType}), names of messages (`.Name` for one of the same package), `[item]` and `{value}`
 * (string keys). The name `~` stands for a message whose fields are the parent's own in JSON. `!` keeps a zero value that would
 * else be left out: the client's field is a pointer, or is written always. A text is parsed when it is first asked for.
 */
import { PROTOBUF_MESSAGES } from '#api/gen/protobuf-fields.ts';
import { assert } from '#system/assert.ts';

const SCALAR_TYPES = [
  'string',
  'int',
  'bool',
  'bytes',
  'double',
  /** A message with a text. */
  'quantity',
  /** Messages with seconds and nanoseconds. */
  'time',
  'micro-time',
  /** A message that says which of two it holds. */
  'int-or-string',
  /** A message with bytes that are JSON. */
  'json',
  /** A message with repeated text, in JSON the array itself. */
  'list',
  'schema-or-list',
  'schema-or-boolean',
  'schema-or-strings',
] as const;

export type ScalarType = (typeof SCALAR_TYPES)[number];

/** How a field's value is encoded. */
export type ValueType =
  | { readonly kind: ScalarType }
  | { readonly kind: 'message'; readonly message: string };

export interface MessageField {
  readonly number: number;
  /** In JSON. */
  readonly name: string;
  readonly shape: 'single' | 'inline' | 'repeated' | 'map';
  readonly type: ValueType;
  readonly keepsZero: boolean;
}

/** Fields by number. */
export type Message = ReadonlyMap<number, MessageField>;

const parsed = new Map<string, Message>();

/** The message of this name, e.g. `core/v1.Pod`; undefined where there is none. */
export function findMessage(name: string): Message | undefined {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const text = Object.hasOwn(PROTOBUF_MESSAGES, name) ? PROTOBUF_MESSAGES[name] : undefined;
  if (text === undefined) return undefined;
  const packageName = name.slice(0, name.lastIndexOf('.'));
  const fields = text.split(' ').filter((token) => token !== '');
  const message = new Map(
    fields.map((token) => parseField(token, packageName)).map((field) => [field.number, field]),
  );
  parsed.set(name, message);
  return message;
}

const FIELD = /^(\d+):([^:]+):(\[?\{?)([^[\]{}!]+)[\]}]*(!?)$/;

function parseField(token: string, packageName: string): MessageField {
  const [, number, name, opening, type, bang] = FIELD.exec(token) ?? [];
  assert(
    number !== undefined && name !== undefined && type !== undefined,
    `message table: "${token}" is no field`,
  );
  const shape = opening === '[' ? 'repeated' : opening === '{' ? 'map' : name === '~' ? 'inline' : 'single';
  return { number: Number(number), name, shape, type: parseType(type, packageName), keepsZero: bang === '!' };
}

function parseType(type: string, packageName: string): ValueType {
  const scalar = SCALAR_TYPES.find((known) => known === type);
  if (scalar !== undefined) return { kind: scalar };
  return { kind: 'message', message: type.startsWith('.') ? packageName + type : type };
}
