import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { BOOL, type CelType, DOUBLE, INT, type ObjectCelType, type ObjectField } from '#api/cel/cel-type.ts';
import { escapeFieldName } from '#api/cel/field-escape.ts';
import type { ListKind } from '#api/cel/value.ts';

/** The largest request, in bytes, from which sizes are guessed where a schema has no limit (Kubernetes). */
const REQUEST_BYTES_MAX = 3 * 1024 * 1024;
const TEXT_BYTES_MAX = REQUEST_BYTES_MAX - 2;
/** Bytes of the longest and of the shortest JSON text of times. */
const TIME_BYTES_MAX = 32;
const DATE_BYTES = 12;
/** A character is at most four bytes of UTF-8. */
const CHARACTER_BYTES_MAX = 4;

/** A type, and the least bytes that a value of it takes in JSON: how many of them fit into a request. */
export interface SizedSchemaType {
  readonly type: CelType;
  readonly bytesMin: number;
}

const TEXT_SCHEMA: JSONSchemaProps = { type: 'string' };

/**
 * The type of a node of a structural schema; undefined for what expressions cannot speak of: free JSON, and lists and maps of
 * it. At the root of a resource (`isRoot`) `apiVersion`, `kind`, `metadata.name` and `metadata.generateName` are known as
 * well, and no other metadata. Sizes come from maxLength, maxItems and maxProperties, else from what fits into a request.
 */
export function schemaType(schema: JSONSchemaProps, { isRoot }: { isRoot: boolean }): CelType | undefined {
  return sizedType(schema, isRoot)?.type;
}

/** How many values of a type fit into one request, a comma after each: as often may a node stand that no limit bounds (Kubernetes). */
export function countInRequest({ bytesMin }: Pick<SizedSchemaType, 'bytesMin'>): number {
  return Math.floor(REQUEST_BYTES_MAX / (bytesMin + 1));
}

/** As {@link schemaType}, with the least size of a value. */
export function sizedType(schema: JSONSchemaProps, isRoot: boolean): SizedSchemaType | undefined {
  if (schema['x-kubernetes-int-or-string'] === true)
    return { type: { kind: 'dyn', sizeMax: textBytesMax(schema) }, bytesMin: 1 };
  const isResource = isRoot || schema['x-kubernetes-embedded-resource'] === true;
  switch (schema.type) {
    case 'array':
      return arrayType(schema);
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? mapType(schema, schema.additionalProperties)
        : objectType(isResource ? withMetadata(schema) : schema);
    case 'string':
      return stringType(schema);
    case 'boolean':
      return { type: BOOL, bytesMin: 4 };
    case 'number':
      return { type: DOUBLE, bytesMin: 1 };
    case 'integer':
      return { type: INT, bytesMin: 1 };
    default:
      return undefined;
  }
}

function limitOf(limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : Math.max(0, limit);
}

function arrayType(schema: JSONSchemaProps): SizedSchemaType | undefined {
  const item = schema.items === undefined ? undefined : sizedType(schema.items, false);
  if (item === undefined) return undefined;
  const sizeMax = limitOf(schema.maxItems) ?? Math.floor((REQUEST_BYTES_MAX - 2) / (item.bytesMin + 1));
  const list = listKind(schema);
  return {
    type: { kind: 'list', item: item.type, sizeMax, ...(list === undefined ? {} : { list }) },
    bytesMin: 2,
  };
}

function listKind(schema: JSONSchemaProps): ListKind | undefined {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { type: 'set' };
    case 'map':
      return { type: 'map', keys: schema['x-kubernetes-list-map-keys'] ?? [] };
    default:
      return undefined;
  }
}

function mapType(schema: JSONSchemaProps, values: JSONSchemaProps): SizedSchemaType | undefined {
  const value = sizedType(values, false);
  if (value === undefined) return undefined;
  const sizeMax = limitOf(schema.maxProperties) ?? Math.floor((REQUEST_BYTES_MAX - 2) / (value.bytesMin + 6));
  // Kubernetes counts a key as having no length; definitions in the field rely on it.
  return {
    type: { kind: 'map', key: { kind: 'string', sizeMax: 0 }, value: value.type, sizeMax },
    bytesMin: 2,
  };
}

function objectType(schema: JSONSchemaProps): SizedSchemaType {
  const fields = new Map<string, ObjectField>();
  const required = new Set(schema.required);
  let bytesMin = 2;
  for (const [jsonName, property] of Object.entries(schema.properties ?? {})) {
    const sized = sizedType(property, false);
    if (sized === undefined) continue;
    const name = escapeFieldName(jsonName);
    if (name !== undefined) fields.set(name, { jsonName, type: sized.type });
    if (required.has(jsonName) && property.default === undefined)
      bytesMin += jsonName.length + sized.bytesMin + 4;
  }
  return { type: objectOf('object', fields), bytesMin };
}

/** An object type of the given fields, by the names that expressions use. */
export function objectOf(name: string, fields: ReadonlyMap<string, ObjectField>): ObjectCelType {
  const names = new Map([...fields].map(([fieldName, { jsonName }]) => [jsonName, fieldName]));
  return {
    kind: 'object',
    name,
    fieldOf: (fieldName) => fields.get(fieldName),
    namesOf: (jsonNames) =>
      jsonNames.flatMap((jsonName) => {
        const fieldName = names.get(jsonName);
        return fieldName === undefined ? [] : [fieldName];
      }),
  };
}

function withMetadata(schema: JSONSchemaProps): JSONSchemaProps {
  return {
    ...schema,
    properties: {
      ...schema.properties,
      apiVersion: TEXT_SCHEMA,
      kind: TEXT_SCHEMA,
      metadata: { type: 'object', properties: { name: TEXT_SCHEMA, generateName: TEXT_SCHEMA } },
    },
  };
}

function stringType(schema: JSONSchemaProps): SizedSchemaType {
  switch (schema.format) {
    case 'byte':
      return {
        type: { kind: 'bytes', sizeMax: limitOf(schema.maxLength) ?? TEXT_BYTES_MAX },
        bytesMin: 2,
      };
    case 'duration':
      return { type: { kind: 'duration', sizeMax: TIME_BYTES_MAX }, bytesMin: 3 };
    case 'date':
      return { type: { kind: 'timestamp', sizeMax: DATE_BYTES }, bytesMin: DATE_BYTES };
    case 'date-time':
      return { type: { kind: 'timestamp', sizeMax: TIME_BYTES_MAX }, bytesMin: 21 };
    default:
      return { type: { kind: 'string', sizeMax: textBytesMax(schema) }, bytesMin: 2 };
  }
}

function textBytesMax(schema: JSONSchemaProps): number {
  if (schema.maxLength !== undefined) return Math.max(0, schema.maxLength) * CHARACTER_BYTES_MAX;
  const { enum: values = [] } = schema;
  if (values.length === 0 || schema['x-kubernetes-int-or-string'] === true) return TEXT_BYTES_MAX;
  return Math.max(0, ...values.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0)));
}
