import {
  BOOL,
  type CelType,
  DOUBLE,
  DYN,
  INT,
  listOf,
  mapOf,
  type ObjectField,
  STRING,
} from '#api/cel/cel-type.ts';
import { escapeFieldName } from '#api/cel/field-escape.ts';
import { propertyOf } from '#api/json.ts';
import type { ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';

/**
 * The type of a built-in kind's schema, for checking what a policy says of `object`. Fields have their own names and the escaped
 * ones. What a policy sees as it stands in JSON (times, bytes, quantities, int-or-string) is `dyn`.
 */
export function compactSchemaType(schema: Schema, schemas: SchemaSet): CelType {
  const resolved = schemas.resolve(schema);
  switch (resolved.type) {
    case 'object':
      return resolved.preserveUnknown === true ? DYN : objectType(resolved, schemas, nameOf(schema));
    case 'map':
      return mapOf(STRING, compactSchemaType(resolved.values, schemas));
    case 'array':
      return listOf(compactSchemaType(resolved.items, schemas));
    case 'boolean':
      return BOOL;
    case 'integer':
      return INT;
    case 'number':
      return DOUBLE;
    case 'string':
      return resolved.format === undefined ? STRING : DYN;
    default:
      return DYN;
  }
}

function nameOf(schema: Schema): string {
  return schema.type === 'ref' ? schema.ref : 'object';
}

/** Kinds may contain themselves: a field gets its type when it is first asked for. */
function objectType({ properties }: ObjectSchema, schemas: SchemaSet, name: string): CelType {
  const known = new Map<string, ObjectField>();
  const fieldOf = (wanted: string): ObjectField | undefined => {
    const jsonName =
      propertyOf(properties, wanted) === undefined
        ? Object.keys(properties).find((key) => escapeFieldName(key) === wanted)
        : wanted;
    const schema = jsonName === undefined ? undefined : propertyOf(properties, jsonName);
    if (jsonName === undefined || schema === undefined) return undefined;
    const field = known.get(jsonName) ?? { jsonName, type: compactSchemaType(schema, schemas) };
    known.set(jsonName, field);
    return field;
  };
  return { kind: 'object', name, fieldOf, namesOf: (jsonNames) => jsonNames };
}
