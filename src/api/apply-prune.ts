import {
  elementsOf,
  type FieldSet,
  fieldNode,
  intersect,
  isEmptySet,
  isMember,
  LEAF,
  subtract,
  unite,
} from '#api/apply-field-set.ts';
import { fieldsOf } from '#api/apply-field-walk.ts';
import { fieldElement } from '#api/apply-fields-v1.ts';
import { applyShape, fieldSchema, isDeclared, itemElement } from '#api/apply-shape.ts';
import {
  copyJson,
  copyObject,
  isJsonArray,
  isJsonObject,
  isMutableObject,
  type JsonObject,
  type MutableJson,
  type MutableJsonObject,
  setProperty,
} from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';

/** What {@link pruneFields} goes by. */
export interface Prune {
  /** What the manager applied last time. */
  readonly last: FieldSet;
  /** What all managers own now, this one with its new configuration. */
  readonly owned: FieldSet;
  readonly schema: Schema;
  readonly schemas: SchemaSet;
}

/**
 * Removes from a merged object the fields and items that the manager applied last time and not this time, unless another
 * manager owns them or something in them. Source: structured-merge-diff `Updater.prune`.
 */
export function pruneFields(merged: JsonObject, { last, owned, schema, schemas }: Prune): MutableJsonObject {
  const named = (set: FieldSet): FieldSet => withNamedFields(set, schema, schemas);
  const remove = (set: FieldSet): MutableJsonObject => removeFields(merged, set, schema, schemas);
  const all = named(fieldsOf(merged, schema, schemas));
  const kept = unite(named(fieldsOf(remove(named(last)), schema, schemas)), named(owned));
  const pruned = remove(subtract(all, kept));
  const gone = subtract(all, named(fieldsOf(pruned, schema, schemas)));
  return remove(intersect(gone, named(last)));
}

/** The set, with every struct field that has members below it a member too. */
function withNamedFields(set: FieldSet, schema: Schema | undefined, schemas: SchemaSet): FieldSet {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  const struct = resolved?.type === 'object' || resolved?.type === 'map' ? resolved : undefined;
  const items = resolved?.type === 'array' ? resolved.items : undefined;
  const result: Record<string, FieldSet> = {};
  for (const element of elementsOf(set)) {
    const node = set[element] ?? LEAF;
    const name = element.startsWith('f:') ? element.slice(2) : undefined;
    const child = name === undefined ? items : fieldSchema(struct, name);
    const member = isMember(node) || (name !== undefined && isDeclared(struct, name));
    result[element] = fieldNode(member, withNamedFields(node, child, schemas)) ?? LEAF;
  }
  return result;
}

/** The object without these fields and items; a container that loses its last member goes too. */
function removeFields(
  object: JsonObject,
  set: FieldSet,
  schema: Schema,
  schemas: SchemaSet,
): MutableJsonObject {
  if (isEmptySet(set)) return copyObject(object);
  const result = removeFrom(object, set, schema, schemas);
  return isMutableObject(result) ? result : {};
}

function removeFrom(
  value: Json,
  set: FieldSet,
  schema: Schema | undefined,
  schemas: SchemaSet,
): MutableJson | undefined {
  if (isEmptySet(set)) return copyJson(value);
  const shape = applyShape(schema, schemas, value);
  if (shape.kind === 'fields' && isJsonObject(value)) return removeMembers(value, set, shape.schema, schemas);
  if (shape.kind === 'items' && isJsonArray(value)) return removeItems(value, set, shape.list, schemas);
  return copyJson(value);
}

function removeMembers(
  object: JsonObject,
  set: FieldSet,
  schema: ObjectSchema | MapSchema | undefined,
  schemas: SchemaSet,
): MutableJsonObject | undefined {
  const result: MutableJsonObject = {};
  const names = Object.keys(object);
  for (const name of names) {
    const node = set[fieldElement(name)];
    const value = object[name];
    if (value === undefined || (node !== undefined && isMember(node))) continue;
    const rest =
      node === undefined ? copyJson(value) : removeFrom(value, node, fieldSchema(schema, name), schemas);
    if (rest !== undefined) setProperty(result, name, rest);
  }
  return names.length > 0 && Object.keys(result).length === 0 ? undefined : result;
}

function removeItems(
  items: readonly Json[],
  set: FieldSet,
  list: ArraySchema,
  schemas: SchemaSet,
): MutableJson[] | undefined {
  const result: MutableJson[] = [];
  for (const item of items) {
    const node = set[itemElement(item, list, schemas) ?? ''];
    if (node !== undefined && isMember(node)) continue;
    const rest = node === undefined ? copyJson(item) : removeFrom(item, node, list.items, schemas);
    if (rest !== undefined) result.push(rest);
  }
  return items.length > 0 && result.length === 0 ? undefined : result;
}
