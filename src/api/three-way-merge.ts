import { orderElements } from '#api/element-order.ts';
import {
  copyJson,
  equalJson,
  isJsonArray,
  isJsonObject,
  isMutableObject,
  type JsonObject,
  type MutableJson,
  type MutableJsonObject,
  propertyOf,
  scalarKey,
  setProperty,
} from '#api/json.ts';
import { itemKey } from '#api/list-keys.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, Schema, SchemaSet } from '#api/schema.ts';
import { propertySchema } from '#api/schema-walk.ts';
import { assert } from '#system/assert.ts';

/** What {@link mergeThreeWay} merges. */
export interface ThreeWayMerge {
  /** What was applied last; undefined where nothing was. */
  readonly base: JsonObject | undefined;
  /** What shall be applied now. */
  readonly desired: JsonObject;
  /** What stands there: base, with what the server filled in and what was changed on the spot. */
  readonly live: JsonObject;
  /** Of the kind. */
  readonly schema: Schema;
  readonly schemas: SchemaSet;
}

/** One node of the three trees; undefined where a tree has none. */
interface Node {
  readonly base: Json | undefined;
  readonly desired: Json | undefined;
  readonly live: Json | undefined;
}

/** How a node merges. `fields` are structs; `entries` are maps, whose entries stand for themselves. */
type Shape =
  | {
      readonly kind: 'fields' | 'entries';
      readonly schema: Schema | undefined;
      readonly retainsKeys: boolean;
    }
  | { readonly kind: 'items'; readonly list: ArraySchema; readonly keyOf: (item: Json) => string | undefined }
  | { readonly kind: 'whole' };

/**
 * Puts onto `live` what changed between `base` and `desired`, and nothing else:
 * - a value that is the same in both stays as it is in live, also where it was changed or removed on the spot;
 * - a value that differs is taken from desired; structs, maps, keyed lists and sets are merged member by member, atomic
 *   ones are taken whole, unions (strategy `retainKeys`) keep only the members that desired has;
 * - what desired no longer has is removed: structs and items whole (with the defaults that the server filled in), maps and
 *   lists member by member;
 * - a struct or item that was removed on the spot and differs in desired comes back whole.
 *
 * Hence base = desired leaves live unchanged, live = base gives desired, and merging twice is merging once. The result shares
 * nothing with its inputs.
 */
export function mergeThreeWay(merge: ThreeWayMerge): MutableJsonObject {
  const node: Node = { base: merge.base ?? {}, desired: merge.desired, live: merge.live };
  const result = mergeNode(node, shapeOf(merge.schema, merge.schemas, undefined), merge.schemas);
  assert(isMutableObject(result), 'a merge of objects is an object');
  return result;
}

function mergeNode(node: Node, shape: Shape, schemas: SchemaSet): MutableJson | undefined {
  if (equalJson(node.base, node.desired)) return copyOf(node.live);
  switch (shape.kind) {
    case 'fields':
    case 'entries':
      return mergeObjects(node, shape, schemas);
    case 'items':
      return mergeItems(node, shape, schemas);
    case 'whole':
      return copyOf(node.desired);
  }
}

function copyOf(value: Json | undefined): MutableJson | undefined {
  return value === undefined ? undefined : copyJson(value);
}

/** `list` is the list that the node is an item of, if it is one. */
function shapeOf(schema: Schema | undefined, schemas: SchemaSet, list: ArraySchema | undefined): Shape {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  switch (resolved?.type) {
    case undefined:
    case 'any':
      return { kind: 'fields', schema: undefined, retainsKeys: false };
    case 'map':
      return resolved.mapType === 'atomic'
        ? { kind: 'whole' }
        : { kind: 'entries', schema: resolved, retainsKeys: false };
    case 'object': {
      if (resolved.mapType === 'atomic' || resolved.patchStrategy === 'replace') return { kind: 'whole' };
      const retainsKeys =
        resolved.patchStrategy === 'retainKeys' || list?.patchStrategy === 'merge,retainKeys';
      return { kind: 'fields', schema: resolved, retainsKeys };
    }
    case 'array':
      return listShape(resolved, schemas);
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
    case 'intOrString':
    case 'quantity':
      return { kind: 'whole' };
  }
}

function listShape(list: ArraySchema, schemas: SchemaSet): Shape {
  if (list.listType === 'set') return { kind: 'items', list, keyOf: scalarKey };
  const keyed =
    list.listType === 'map' || list.patchMergeKey === undefined
      ? list
      : { ...list, listMapKeys: [list.patchMergeKey] };
  if (keyed.listMapKeys === undefined) return { kind: 'whole' };
  const keyOf = (item: Json): string | undefined => {
    const key = itemKey(item, keyed, schemas);
    return key === undefined ? undefined : JSON.stringify(key);
  };
  return { kind: 'items', list, keyOf };
}

function mergeObjects(
  { base, desired, live }: Node,
  shape: Extract<Shape, { kind: 'fields' | 'entries' }>,
  schemas: SchemaSet,
): MutableJson | undefined {
  const isWhole = shape.kind === 'fields' && (desired === undefined || !isJsonObject(live));
  if (isWhole || (desired !== undefined && !isJsonObject(desired))) return copyOf(desired);
  const result = isJsonObject(live) ? copyJson(live) : {};
  assert(isMutableObject(result), 'a copy of an object is an object');
  const wanted = desired ?? {};
  const known = isJsonObject(base) ? base : {};
  for (const key of new Set([...Object.keys(known), ...Object.keys(wanted)])) {
    const child = propertySchema(schemas, shape.schema, key);
    const node = {
      base: valueOf(known, key, child),
      desired: valueOf(wanted, key, child),
      live: propertyOf(result, key),
    };
    const merged = mergeNode(node, shapeOf(child, schemas, undefined), schemas);
    if (merged === undefined) delete result[key];
    else setProperty(result, key, merged);
  }
  if (shape.retainsKeys) dropOthers(result, wanted);
  return desired === undefined && Object.keys(result).length === 0 ? undefined : result;
}

/** A property of a manifest. Where the schema knows the field, null means absent. */
function valueOf(object: JsonObject, key: string, schema: Schema | undefined): Json | undefined {
  const value = propertyOf(object, key);
  return value === null && schema !== undefined && schema.type !== 'any' ? undefined : value;
}

function dropOthers(result: MutableJsonObject, wanted: JsonObject): void {
  for (const key of Object.keys(result)) {
    if (!Object.hasOwn(wanted, key)) delete result[key];
  }
}

function mergeItems(
  { base, desired, live }: Node,
  shape: Extract<Shape, { kind: 'items' }>,
  schemas: SchemaSet,
): MutableJson | undefined {
  const baseItems = itemsByKey(base, shape.keyOf);
  const desiredItems = itemsByKey(desired, shape.keyOf);
  const liveItems = itemsByKey(live, shape.keyOf);
  if (baseItems === undefined || desiredItems === undefined || liveItems === undefined)
    return copyOf(desired);
  const itemShape = shapeOf(shape.list.items, schemas, shape.list);
  const merged = new Map<string, MutableJson>();
  for (const key of new Set([...liveItems.keys(), ...desiredItems.keys()])) {
    const node: Node = { base: baseItems.get(key), desired: desiredItems.get(key), live: liveItems.get(key) };
    const item = mergeNode(node, itemShape, schemas);
    if (item !== undefined) merged.set(key, item);
  }
  if (desired === undefined && merged.size === 0) return undefined;
  const ordered = orderElements([...merged], {
    keyOf: ([key]) => key,
    wanted: [...desiredItems.keys()],
    live: [...liveItems.keys()],
  });
  return ordered.map(([, item]) => item);
}

/** Undefined where the value is no list, an item has no key, or two items have the same: then the list merges whole. */
function itemsByKey(
  value: Json | undefined,
  keyOf: (item: Json) => string | undefined,
): Map<string, Json> | undefined {
  if (value === undefined) return new Map();
  if (!isJsonArray(value)) return undefined;
  const items = new Map<string, Json>();
  for (const item of value) {
    const key = keyOf(item);
    if (key === undefined || items.has(key)) return undefined;
    items.set(key, item);
  }
  return items;
}
