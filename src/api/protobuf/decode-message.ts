import { type MutableJson, type MutableJsonObject, setProperty } from '#api/json.ts';
import {
  decodeIntOrString,
  decodeList,
  decodeMicroTime,
  decodeQuantity,
  decodeRaw,
  decodeTime,
  parseJsonBytes,
} from '#api/protobuf/decode-value.ts';
import { findMessage, type MessageField, type ValueType } from '#api/protobuf/message-table.ts';
import {
  malformed,
  nextField,
  readText,
  readVarint,
  restOf,
  type WireField,
  type WireReader,
} from '#api/protobuf/wire.ts';
import { must } from '#system/assert.ts';

/** The deepest nesting of messages; deeper ones are refused. The deepest built-in kind, a CRD, needs some 60. */
const MESSAGE_DEPTH_MAX = 100;

const SCHEMA: ValueType = { kind: 'message', message: 'apiextensions/v1.JSONSchemaProps' };

/** What decoding a message needs to know. */
export interface DecodeContext {
  /** How many messages are around this one. */
  readonly depth: number;
  /** Reads an embedded object that is itself an envelope; undefined where the bytes are none. */
  readonly decodeEnvelope: (bytes: Uint8Array, depth: number) => MutableJsonObject | undefined;
}

/** The JSON form of the message called `name`; fields that the table does not know are skipped. Throws BadRequest. */
export function decodeMessage(reader: WireReader, name: string, context: DecodeContext): MutableJsonObject {
  if (context.depth > MESSAGE_DEPTH_MAX) throw malformed(`messages nest deeper than ${MESSAGE_DEPTH_MAX}`);
  const message = must(findMessage(name), `no message is called "${name}"`);
  const inner = { ...context, depth: context.depth + 1 };
  const object: MutableJsonObject = {};
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    const known = message.get(field.number);
    if (known !== undefined) decodeField(object, known, field, inner);
  }
  return object;
}

function decodeField(
  object: MutableJsonObject,
  known: MessageField,
  field: WireField,
  context: DecodeContext,
): void {
  switch (known.shape) {
    case 'single': {
      const value = decodeValue(field, known.type, context);
      if (value !== undefined && (known.keepsZero || !isZero(value, known.type)))
        setProperty(object, known.name, value);
      return;
    }
    case 'inline': {
      const value = decodeValue(field, known.type, context);
      for (const [name, member] of Object.entries(value ?? {}))
        setProperty(object, name, member as MutableJson);
      return;
    }
    case 'repeated': {
      const items = (object[known.name] ??= []) as MutableJson[];
      if (field.wire === 'bytes' && known.type.kind === 'int') return unpack(items, field.reader);
      const value = decodeValue(field, known.type, context);
      if (value !== undefined) items.push(value);
      return;
    }
    case 'map': {
      const entries = (object[known.name] ??= {}) as MutableJsonObject;
      decodeEntry(entries, bytesOf(field), known.type, context);
    }
  }
}

/** Only scalars have a zero value that a client leaves out of its JSON. */
function isZero(value: MutableJson, { kind }: ValueType): boolean {
  const isPlain =
    kind === 'string' || kind === 'int' || kind === 'bool' || kind === 'bytes' || kind === 'double';
  return isPlain && (value === '' || value === 0 || value === false);
}

function unpack(items: MutableJson[], reader: WireReader): void {
  while (reader.at < reader.end) items.push(readVarint(reader));
}

/** `{string key = 1; value = 2}`; both may be left out where they are zero. */
function decodeEntry(
  entries: MutableJsonObject,
  reader: WireReader,
  type: ValueType,
  context: DecodeContext,
): void {
  let key = '';
  let value: MutableJson | undefined;
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.number === 1) key = readText(bytesOf(field));
    if (field.number === 2) value = decodeValue(field, type, context);
  }
  setProperty(entries, key, value ?? (type.kind === 'string' || type.kind === 'bytes' ? '' : {}));
}

function bytesOf(field: WireField): WireReader {
  if (field.wire !== 'bytes') throw malformed(`field ${field.number} is a ${field.wire}, expected bytes`);
  return field.reader;
}

function integerOf(field: WireField): number {
  if (field.wire !== 'varint')
    throw malformed(`field ${field.number} is of type ${field.wire}, expected a varint`);
  return field.value;
}

function decodeValue(field: WireField, type: ValueType, context: DecodeContext): MutableJson | undefined {
  switch (type.kind) {
    case 'string':
      return readText(bytesOf(field));
    case 'int':
      return integerOf(field);
    case 'bool':
      return integerOf(field) !== 0;
    case 'bytes':
      return base64(restOf(bytesOf(field)));
    case 'double':
      return doubleOf(field);
    case 'quantity':
      return decodeQuantity(bytesOf(field));
    case 'time':
      return decodeTime(bytesOf(field));
    case 'micro-time':
      return decodeMicroTime(bytesOf(field));
    case 'int-or-string':
      return decodeIntOrString(bytesOf(field));
    case 'json':
      return decodeJson(bytesOf(field), context);
    case 'list':
      return decodeList(bytesOf(field));
    case 'schema-or-list':
    case 'schema-or-boolean':
    case 'schema-or-strings':
      return decodeSchemaUnion(bytesOf(field), type.kind, context);
    case 'message':
      return decodeMessage(bytesOf(field), type.message, context);
  }
}

function doubleOf(field: WireField): number {
  if (field.wire !== 'fixed64')
    throw malformed(`field ${field.number} is of type ${field.wire}, expected a double`);
  if (!Number.isFinite(field.value))
    throw malformed(`field ${field.number} is ${field.value}, expected a finite number`);
  return field.value;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function decodeJson(reader: WireReader, context: DecodeContext): MutableJson | undefined {
  const raw = decodeRaw(reader);
  return raw === undefined ? undefined : (context.decodeEnvelope(raw, context.depth) ?? parseJsonBytes(raw));
}

/**
 * `JSONSchemaPropsOrArray` `{schema = 1; repeated schema = 2}`, `JSONSchemaPropsOrBool` `{bool = 1; schema = 2}` and
 * `JSONSchemaPropsOrStringArray` `{schema = 1; repeated string = 2}`.
 */
function decodeSchemaUnion(
  reader: WireReader,
  kind: 'schema-or-list' | 'schema-or-boolean' | 'schema-or-strings',
  context: DecodeContext,
): MutableJson | undefined {
  const list: MutableJson[] = [];
  let schema: MutableJson | undefined;
  let allows = false;
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    const isSchema = field.number === (kind === 'schema-or-boolean' ? 2 : 1);
    if (isSchema) schema = decodeValue(field, SCHEMA, context);
    else if (field.number === 1) allows = integerOf(field) !== 0;
    else if (field.number === 2)
      list.push(decodeValue(field, kind === 'schema-or-list' ? SCHEMA : { kind: 'string' }, context) ?? {});
  }
  if (kind === 'schema-or-boolean') return schema ?? allows;
  return list.length > 0 ? list : schema;
}
