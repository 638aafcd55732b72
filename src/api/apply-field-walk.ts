import {
  type FieldSet,
  fieldNode,
  insertNode,
  insertPath,
  LEAF,
  type MutableFieldSet,
  NO_FIELDS,
  SELF,
} from '#api/apply-field-set.ts';
import { fieldElement } from '#api/apply-fields-v1.ts';
import { type ApplyShape, applyShape, fieldSchema, isDeclared, itemElement } from '#api/apply-shape.ts';
import { isEmbedded } from '#api/embedded-fields.ts';
import { equalJson, isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { compareQuantities, readQuantity } from '#api/quantity.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';

/** Every field that an applied configuration sets: what its manager owns. */
export function fieldsOf(object: JsonObject, schema: Schema, schemas: SchemaSet): FieldSet {
  return belowOf(object, schema, schemas) ?? NO_FIELDS;
}

/** The fields below a value; undefined for a leaf, which is owned itself. */
function belowOf(value: Json, schema: Schema | undefined, schemas: SchemaSet): FieldSet | undefined {
  const shape = applyShape(schema, schemas, value);
  switch (shape.kind) {
    case 'leaf':
      return undefined;
    case 'fields':
      return isJsonObject(value) ? namedFields(value, shape.schema, schemas) : NO_FIELDS;
    case 'items':
      return isJsonArray(value) ? itemFields(value, shape.list, schemas) : NO_FIELDS;
  }
}

function namedFields(
  object: JsonObject,
  schema: ObjectSchema | MapSchema | undefined,
  schemas: SchemaSet,
): FieldSet {
  const fields: Record<string, FieldSet> = {};
  for (const name of Object.keys(object).toSorted()) {
    const value = object[name];
    if (value === undefined) continue;
    const below = belowOf(value, fieldSchema(schema, name), schemas);
    const member = below === undefined || isNullOrEmptyObject(value) || !isDeclared(schema, name);
    const node = fieldNode(member, below ?? NO_FIELDS);
    if (node !== undefined) fields[fieldElement(name)] = node;
  }
  return fields;
}

function isNullOrEmptyObject(value: Json): boolean {
  return value === null || (isJsonObject(value) && Object.keys(value).length === 0);
}

/** Items that occur twice are owned as one leaf. */
function itemFields(items: readonly Json[], list: ArraySchema, schemas: SchemaSet): FieldSet {
  const fields: Record<string, FieldSet> = {};
  for (const item of items) {
    const element = itemElement(item, list, schemas);
    if (element === undefined) continue;
    const isRepeated = Object.hasOwn(fields, element);
    fields[element] =
      (isRepeated ? undefined : fieldNode(true, belowOf(item, list.items, schemas) ?? NO_FIELDS)) ?? LEAF;
  }
  return fields;
}

/** How one object differs from another, as sets of fields. */
export interface FieldChanges {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Walk {
  readonly schemas: SchemaSet;
  readonly path: string[];
  readonly added: MutableFieldSet;
  readonly modified: MutableFieldSet;
  readonly removed: MutableFieldSet;
}

/**
 * What changed from `before` to `after`. A container that came or went is itself among the changed fields, but for one that
 * every object of the kind has.
 */
export function changedFields(
  before: JsonObject,
  after: JsonObject,
  schema: Schema,
  schemas: SchemaSet,
): FieldChanges {
  const walk: Walk = { schemas, path: [], added: {}, modified: {}, removed: {} };
  compareValues(walk, before, after, schema);
  return walk;
}

function compareAt(
  walk: Walk,
  element: string,
  before: Json | undefined,
  after: Json | undefined,
  schema: Schema | undefined,
): void {
  if (equalJson(before, after)) return;
  walk.path.push(element);
  if (schema !== undefined && isEmbedded(schema))
    compareValues(walk, before ?? emptyOf(after), after ?? emptyOf(before), schema);
  else if (before === undefined)
    insertNode(walk.added, walk.path, wholeNode(after ?? null, schema, walk.schemas));
  else if (after === undefined) insertNode(walk.removed, walk.path, wholeNode(before, schema, walk.schemas));
  else compareValues(walk, before, after, schema);
  walk.path.pop();
}

function emptyOf(value: Json | undefined): Json {
  return isJsonArray(value) ? [] : {};
}

/** The node of a value that came or went: it and everything in it. Made in one pass: every create goes through here. */
function wholeNode(value: Json, schema: Schema | undefined, schemas: SchemaSet): FieldSet {
  const shape = applyShape(schema, schemas, value);
  const node: Record<string, FieldSet> = { [SELF]: LEAF };
  let isEmptyNode = true;
  if (shape.kind === 'fields' && isJsonObject(value)) {
    for (const name of Object.keys(value).toSorted()) {
      const child = value[name];
      if (child === undefined) continue;
      node[fieldElement(name)] = wholeNode(child, fieldSchema(shape.schema, name), schemas);
      isEmptyNode = false;
    }
  } else if (shape.kind === 'items' && isJsonArray(value)) {
    for (const item of value) {
      const element = itemElement(item, shape.list, schemas);
      if (element === undefined) continue;
      node[element] = Object.hasOwn(node, element) ? LEAF : wholeNode(item, shape.list.items, schemas);
      isEmptyNode = false;
    }
  }
  return isEmptyNode ? LEAF : node;
}

function compareValues(walk: Walk, before: Json, after: Json, schema: Schema | undefined): void {
  const shapeBefore = applyShape(schema, walk.schemas, before ?? after);
  const shape = applyShape(schema, walk.schemas, after ?? before);
  const isLeaf = shape.kind === 'leaf' && shapeBefore.kind === 'leaf';
  if (isLeaf || (isEmpty(before) && isEmpty(after))) {
    if (!equalJson(before, after) && !isSameQuantity(walk, before, after, schema))
      insertPath(walk.modified, walk.path);
    return;
  }
  if (shape.kind !== shapeBefore.kind) insertPath(walk.modified, walk.path);
  compareMembers(walk, before, after, shape.kind === 'leaf' ? shapeBefore : shape);
}

function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

/** `1` and `1000m` are no change; only one of them is in canonical form. */
function isSameQuantity(walk: Walk, before: Json, after: Json, schema: Schema | undefined): boolean {
  if (schema === undefined || walk.schemas.resolve(schema).type !== 'quantity') return false;
  const [a, b] = [readQuantity(before), readQuantity(after)];
  return a !== undefined && b !== undefined && compareQuantities(a, b) === 0;
}

function compareMembers(
  walk: Walk,
  before: Json | undefined,
  after: Json | undefined,
  shape: ApplyShape,
): void {
  switch (shape.kind) {
    case 'fields':
      return compareFields(
        walk,
        isJsonObject(before) ? before : {},
        isJsonObject(after) ? after : {},
        shape.schema,
      );
    case 'items':
      return compareItems(
        walk,
        isJsonArray(before) ? before : [],
        isJsonArray(after) ? after : [],
        shape.list,
      );
    case 'leaf':
      return;
  }
}

function compareFields(
  walk: Walk,
  before: JsonObject,
  after: JsonObject,
  schema: ObjectSchema | MapSchema | undefined,
): void {
  for (const name of Object.keys(before)) {
    compareAt(walk, fieldElement(name), before[name], propertyOf(after, name), fieldSchema(schema, name));
  }
  for (const name of Object.keys(after)) {
    if (!Object.hasOwn(before, name)) {
      compareAt(walk, fieldElement(name), undefined, after[name], fieldSchema(schema, name));
    }
  }
}

function compareItems(walk: Walk, before: readonly Json[], after: readonly Json[], list: ArraySchema): void {
  const itemsBefore = groupItems(before, list, walk.schemas);
  const itemsAfter = groupItems(after, list, walk.schemas);
  for (const element of new Set([...itemsBefore.keys(), ...itemsAfter.keys()])) {
    compareGroups(walk, element, itemsBefore.get(element) ?? [], itemsAfter.get(element) ?? [], list);
  }
}

/** The items by element; more than one where a list, against its schema, holds an item twice. */
function groupItems(items: readonly Json[], list: ArraySchema, schemas: SchemaSet): Map<string, Json[]> {
  const groups = new Map<string, Json[]>();
  for (const item of items) {
    const element = itemElement(item, list, schemas);
    if (element === undefined) continue;
    const group = groups.get(element);
    if (group === undefined) groups.set(element, [item]);
    else group.push(item);
  }
  return groups;
}

/** Repeated items compare as one leaf. */
function compareGroups(
  walk: Walk,
  element: string,
  before: readonly Json[],
  after: readonly Json[],
  list: ArraySchema,
): void {
  if (before.length <= 1 && after.length <= 1)
    return compareAt(walk, element, before[0], after[0], list.items);
  const path = [...walk.path, element];
  if (before.length > 1 && after.length > 1) {
    if (!equalJson(before, after)) insertPath(walk.modified, path);
  } else if (before.length > 1) {
    if (after.length > 0) compareAt(walk, element, undefined, after[0], list.items);
    insertPath(walk.removed, path);
  } else {
    if (before.length > 0) compareAt(walk, element, before[0], undefined, list.items);
    insertPath(walk.added, path);
  }
}
