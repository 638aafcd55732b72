import { isJsonArray, isJsonObject, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';

/** The schema of a property of an object or map; undefined where it says nothing about it (free JSON, unknown field). */
export function propertySchema(
  schemas: SchemaSet,
  schema: Schema | undefined,
  key: string,
): Schema | undefined {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  if (resolved?.type === 'object') return propertyOf(resolved.properties, key);
  return resolved?.type === 'map' ? resolved.values : undefined;
}

/** The schema as one of an object or map; undefined where it is something else. */
export function fieldsSchema(
  schemas: SchemaSet,
  schema: Schema | undefined,
): ObjectSchema | MapSchema | undefined {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  return resolved?.type === 'object' || resolved?.type === 'map' ? resolved : undefined;
}

/** The schema as one of a list; undefined where it is something else. */
export function listSchema(schemas: SchemaSet, schema: Schema | undefined): ArraySchema | undefined {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  return resolved?.type === 'array' ? resolved : undefined;
}

/** What a value is, in messages: `null`, `array`, `object`, `string`, `number`, `boolean`. */
export function kindOfJson(value: Json | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (isJsonArray(value)) return 'array';
  return isJsonObject(value) ? 'object' : typeof value;
}
