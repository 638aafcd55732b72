import { keyElement, valueElement } from '#api/apply-fields-v1.ts';
import { isJsonObject, propertyOf } from '#api/json.ts';
import { itemKey } from '#api/list-keys.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';

/**
 * How server-side apply sees a value: a `leaf` is owned whole (scalars, atomic lists and objects), `fields` are owned one by
 * one, and so are the `items` of sets and keyed lists.
 */
export type ApplyShape =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'fields'; readonly schema: ObjectSchema | MapSchema | undefined }
  | { readonly kind: 'items'; readonly list: ArraySchema };

const LEAF_SHAPE: ApplyShape = { kind: 'leaf' };
const FREE_FIELDS: ApplyShape = { kind: 'fields', schema: undefined };

/** The shape of a value. Where there is no schema, objects have fields, and all else is a leaf. */
export function applyShape(
  schema: Schema | undefined,
  schemas: SchemaSet,
  value: Json | undefined,
): ApplyShape {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  switch (resolved?.type) {
    case undefined:
      return freeShape(value);
    case 'any':
      return resolved.atomic === true ? LEAF_SHAPE : freeShape(value);
    case 'object':
    case 'map':
      return resolved.mapType === 'atomic' ? LEAF_SHAPE : { kind: 'fields', schema: resolved };
    case 'array':
      return resolved.listType === 'set' || resolved.listType === 'map'
        ? { kind: 'items', list: resolved }
        : LEAF_SHAPE;
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
    case 'intOrString':
    case 'quantity':
      return LEAF_SHAPE;
  }
}

function freeShape(value: Json | undefined): ApplyShape {
  return isJsonObject(value) ? FREE_FIELDS : LEAF_SHAPE;
}

/** The schema of a field of a value with fields; undefined where there is none. */
export function fieldSchema(schema: ObjectSchema | MapSchema | undefined, name: string): Schema | undefined {
  return schema?.type === 'map' ? schema.values : propertyOf(schema?.properties ?? {}, name);
}

/** Whether a field is one of a struct, which exists as long as the struct does, and not an entry that someone made. */
export function isDeclared(schema: ObjectSchema | MapSchema | undefined, name: string): boolean {
  return schema?.type === 'object' && Object.hasOwn(schema.properties, name);
}

/** The path element of an item of a set or keyed list; undefined where it has none (no key field, an object in a set). */
export function itemElement(item: Json, list: ArraySchema, schemas: SchemaSet): string | undefined {
  if (list.listType === 'set') return typeof item === 'object' ? undefined : valueElement(item);
  const key = itemKey(item, list, schemas);
  return key === undefined ? undefined : keyElement(key);
}
