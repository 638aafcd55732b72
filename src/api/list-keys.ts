import { isJsonObject, type JsonObject, type MutableJsonObject, propertyOf, setProperty } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, SchemaSet } from '#api/schema.ts';
import { propertySchema } from '#api/schema-walk.ts';

/** Kubernetes defaults the only optional key fields of its own lists (container and service ports) to this. */
const KEY_DEFAULTS: Readonly<Record<string, Json>> = { protocol: 'TCP' };

/**
 * The fields by which an item of a `map` list is known, sorted by name: `{"containerPort":80,"protocol":"TCP"}`. A key
 * field that the item leaves out takes its default, or is left out where it has none. Undefined where the item is no
 * object, has no key field at all, or a key field is no scalar.
 */
export function itemKey(item: Json, list: ArraySchema, schemas: SchemaSet): JsonObject | undefined {
  if (!isJsonObject(item)) return undefined;
  const key: MutableJsonObject = {};
  for (const field of (list.listMapKeys ?? []).toSorted()) {
    const value = propertyOf(item, field) ?? defaultOf(field, list, schemas);
    if (value === undefined || value === null) continue;
    if (typeof value === 'object') return undefined;
    setProperty(key, field, value);
  }
  return Object.keys(key).length === 0 ? undefined : key;
}

function defaultOf(field: string, list: ArraySchema, schemas: SchemaSet): Json | undefined {
  const schema = propertySchema(schemas, list.items, field);
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  const value = resolved !== undefined && 'default' in resolved ? resolved.default : undefined;
  return value ?? propertyOf(KEY_DEFAULTS, field);
}
