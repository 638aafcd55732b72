/** For tests: objects in Kubernetes' Protobuf, as client-go writes them, by the same table that the decoder reads. */
import { isJsonObject, type JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { findMessage, type MessageField, type ValueType } from '#api/protobuf/message-table.ts';
import { must } from '#system/assert.ts';

/** `k8s\0` and a `runtime.Unknown` around the message called `name`. */
export function encodeObject(
  object: JsonObject,
  { apiVersion, kind, name }: { apiVersion: string; kind: string; name: string },
): Uint8Array {
  const typeMeta = Buffer.concat([bytesField(1, text(apiVersion)), bytesField(2, text(kind))]);
  const raw = encodeMessage(object, name);
  return Buffer.concat([text('k8s\0'), bytesField(1, typeMeta), bytesField(2, raw)]);
}

function encodeMessage(object: JsonObject, name: string): Buffer {
  const message = must(findMessage(name), name);
  return Buffer.concat([...message.values()].flatMap((field) => encodeField(object, field)));
}

function encodeField(object: JsonObject, { number, name, shape, type }: MessageField): Buffer[] {
  if (shape === 'inline') return [encodeValue(number, object, type)];
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  if (value === undefined || value === null) return [];
  if (shape === 'single') return [encodeValue(number, value, type)];
  if (shape === 'repeated')
    return (Array.isArray(value) ? value : []).map((item) => encodeValue(number, item, type));
  return Object.entries(isJsonObject(value) ? value : {}).map(([key, item]) =>
    bytesField(number, Buffer.concat([bytesField(1, text(key)), encodeValue(2, item, type)])),
  );
}

function encodeValue(number: number, value: Json, type: ValueType): Buffer {
  switch (type.kind) {
    case 'string':
      return bytesField(number, text(String(value)));
    case 'int':
      return varintField(number, Number(value));
    case 'bool':
      return varintField(number, value === true ? 1 : 0);
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return Buffer.concat([varint(BigInt(number * 8 + 1)), bytes]);
    }
    case 'bytes':
      return bytesField(number, Buffer.from(String(value), 'base64'));
    case 'quantity':
      return bytesField(number, bytesField(1, text(String(value))));
    case 'time':
    case 'micro-time':
      return bytesField(number, varintField(1, Date.parse(String(value)) / 1000));
    case 'int-or-string':
      return bytesField(
        number,
        typeof value === 'string'
          ? Buffer.concat([varintField(1, 1), bytesField(3, text(value))])
          : varintField(2, Number(value)),
      );
    case 'json':
      return bytesField(number, bytesField(1, text(JSON.stringify(value))));
    case 'list':
      return bytesField(
        number,
        Buffer.concat((Array.isArray(value) ? value : []).map((item) => bytesField(1, text(String(item))))),
      );
    case 'message':
      return bytesField(number, encodeMessage(isJsonObject(value) ? value : {}, type.message));
    default:
      // Unions of schemas: their forms are tested with definitions as kubectl sends them.
      return Buffer.alloc(0);
  }
}

function text(value: string): Buffer {
  return Buffer.from(value, 'utf8');
}

function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(bytes.length)), bytes]);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(BigInt(number * 8)), varint(BigInt.asUintN(64, BigInt(value)))]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
