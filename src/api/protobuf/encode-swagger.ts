/**
 * Swagger 2.0 documents in the Protobuf form that clients of Kubernetes ask for: `openapi.v2.Document` of google/gnostic
 * (openapiv2/OpenAPIv2.proto, whose field numbers these are). Only what our own documents have is written.
 */
import { isJsonObject, type JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { type MessageWriter, messageWriter } from '#api/protobuf/message-writer.ts';

/** The media type of `openapi.v2.Document`, as it is answered. Clients also ask for it with `@v1` for `.v1`, which Go cannot parse. */
export const SWAGGER_PROTOBUF_MEDIA_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

type Message = (writer: MessageWriter) => void;

/** The document as bytes. */
export function encodeSwagger(document: object): Uint8Array {
  const swagger = document as { readonly [key: string]: Json };
  const info = objectOf(swagger['info']);
  const writer = messageWriter();
  writer.text(1, textOf(swagger['swagger']));
  writer.message(2, (inner) => {
    inner.text(1, textOf(info['title']));
    inner.text(2, textOf(info['version']));
  });
  writer.message(8, (inner) => named(inner, 2, objectOf(swagger['paths']), pathItem));
  writer.message(9, (inner) => named(inner, 1, objectOf(swagger['definitions']), schema));
  return writer.bytes();
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** A map: `{name = 1; value = 2}` again and again. */
function named(
  writer: MessageWriter,
  number: number,
  entries: JsonObject,
  write: (value: JsonObject) => Message,
): void {
  for (const [name, value] of Object.entries(entries)) {
    writer.message(number, (entry) => {
      entry.text(1, name);
      entry.message(2, write(objectOf(value)));
    });
  }
}

/** Extensions: `NamedAny`, whose value is YAML; JSON is YAML. */
function extensions(writer: MessageWriter, number: number, value: JsonObject): void {
  for (const [name, extension] of Object.entries(value)) {
    if (!name.startsWith('x-')) continue;
    writer.message(number, (entry) => {
      entry.text(1, name);
      entry.message(2, any(extension));
    });
  }
}

function any(value: Json | undefined): Message {
  return (writer) => writer.text(2, `${JSON.stringify(value)}\n`);
}

const METHODS = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function pathItem(item: JsonObject): Message {
  return (writer) => {
    for (const [method, number] of Object.entries(METHODS))
      if (item[method] !== undefined) writer.message(number, operation(objectOf(item[method])));
    for (const value of listOf(item['parameters'])) writer.message(9, parameter(objectOf(value)));
  };
}

function operation(value: JsonObject): Message {
  return (writer) => {
    writer.text(5, textOf(value['operationId']));
    for (const mediaType of listOf(value['produces'])) writer.text(6, textOf(mediaType));
    for (const mediaType of listOf(value['consumes'])) writer.text(7, textOf(mediaType));
    for (const item of listOf(value['parameters'])) writer.message(8, parameter(objectOf(item)));
    writer.message(9, (responses) => {
      for (const [code, answer] of Object.entries(objectOf(value['responses'])))
        responses.message(1, response(code, objectOf(answer)));
    });
    extensions(writer, 13, value);
  };
}

/** `NamedResponseValue`. */
function response(code: string, value: JsonObject): Message {
  return (writer) => {
    writer.text(1, code);
    writer.message(2, (responseValue) =>
      responseValue.message(1, (inner) => {
        inner.text(1, textOf(value['description']));
        inner.message(2, (item) => item.message(1, schema(objectOf(value['schema']))));
      }),
    );
  };
}

/** `ParametersItem`: of a body, of the query (3) or of the path (4). */
function parameter(value: JsonObject): Message {
  const isBody = value['in'] === 'body';
  const inner: Message = isBody
    ? (writer) => writer.message(1, bodyParameter(value))
    : (writer) =>
        writer.message(2, (other) => other.message(value['in'] === 'path' ? 4 : 3, plainParameter(value)));
  return (writer) => writer.message(1, inner);
}

function bodyParameter(value: JsonObject): Message {
  return (writer) => {
    writer.text(2, textOf(value['name']));
    writer.text(3, textOf(value['in']));
    writer.bool(4, value['required'] === true);
    writer.message(5, schema(objectOf(value['schema'])));
  };
}

/** Parameters of the path lack `allow_empty_value`, which has the number of the type in those of the query. */
function plainParameter(value: JsonObject): Message {
  const isPath = value['in'] === 'path';
  return (writer) => {
    writer.bool(1, value['required'] === true);
    writer.text(2, textOf(value['in']));
    writer.text(4, textOf(value['name']));
    writer.text(isPath ? 5 : 6, textOf(value['type']));
    writer.bool(isPath ? 19 : 20, value['uniqueItems'] === true);
  };
}

function schema(value: JsonObject): Message {
  return (writer) => {
    writer.text(1, textOf(value['$ref']));
    writer.text(2, textOf(value['format']));
    writer.text(4, textOf(value['description']));
    for (const name of listOf(value['required'])) writer.text(19, textOf(name));
    for (const item of listOf(value['enum'])) writer.message(20, any(item));
    const { additionalProperties, type, items, properties } = value;
    if (additionalProperties !== undefined)
      writer.message(21, (item) => item.message(1, schema(objectOf(additionalProperties))));
    if (typeof type === 'string') writer.message(22, (item) => item.text(1, type));
    if (items !== undefined) writer.message(23, (item) => item.message(1, schema(objectOf(items))));
    if (properties !== undefined) writer.message(25, (item) => named(item, 1, objectOf(properties), schema));
    extensions(writer, 31, value);
  };
}
