import { keyElement, valueElement } from '#api/apply-fields-v1.ts';
import { fieldSchema } from '#api/apply-shape.ts';
import { isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import { itemKey } from '#api/list-keys.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';

/** Fields of `metadata` that the server owns: nobody manages them. */
export const SERVER_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
]);

/** Top-level fields that nobody manages. */
const SERVER_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

/** The node of a value that has nothing below it: itself a member. */
const LEAF_TEXT = '{}';

/** Who creates an object, when and by what schema. */
export interface Creation {
  /** The field manager that the client names; `unknown` where it is empty. */
  readonly manager: string;
  /** The time of the write as `metav1.Time`. */
  readonly time: string;
  readonly schema: Schema;
  readonly schemas: SchemaSet;
  /** Top-level fields that the endpoint resets, hence nobody comes to own. */
  readonly ignored: readonly string[];
}

/**
 * The `metadata.managedFields` of a new object whose client sent none, as JSON text: what `recordUpdate` gives for it,
 * without ever making the tree of its fields. Undefined where there is nothing to own.
 */
export function createdManagersText(object: JsonObject, creation: Creation): string | undefined {
  const fields = createdFieldsText(object, creation);
  if (fields === undefined) return undefined;
  const { manager, time } = creation;
  const apiVersion = typeof object['apiVersion'] === 'string' ? object['apiVersion'] : '';
  const head = { manager: manager === '' ? 'unknown' : manager, operation: 'Update', apiVersion, time };
  return `[${JSON.stringify(head).slice(0, -1)},"fieldsType":"FieldsV1","fieldsV1":${fields}}]`;
}

/** Writes the node of one value of its schema: the value itself and everything in it. */
type NodeWriter = (value: Json) => string;

/** By set, then by schema: a schema's writer is made once and kept as long as the schema. */
const writersOfSet = new WeakMap<SchemaSet, WeakMap<Schema, NodeWriter>>();

/** The fields that a new object's creator owns, as the text of `metav1.FieldsV1`; undefined where there are none. */
function createdFieldsText(object: JsonObject, { schema, schemas, ignored }: Creation): string | undefined {
  const root = schemas.resolve(schema);
  const struct = root.type === 'object' || root.type === 'map' ? root : undefined;
  let text = '';
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (value === undefined || SERVER_FIELDS.has(name) || ignored.includes(name)) continue;
    const field = fieldSchema(struct, name);
    const node =
      name === 'metadata' && isJsonObject(value)
        ? metadataNode(value, field, schemas)
        : writerOf(field, schemas)(value);
    if (node !== undefined) text += `${text === '' ? '' : ','}${elementHead('f:', name)}${node}`;
  }
  return text === '' ? undefined : `{${text}}`;
}

/** Metadata is not owned itself, and most of it is the server's. */
function metadataNode(
  metadata: JsonObject,
  schema: Schema | undefined,
  schemas: SchemaSet,
): string | undefined {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  const struct = resolved?.type === 'object' || resolved?.type === 'map' ? resolved : undefined;
  let text = '';
  for (const name of Object.keys(metadata).toSorted()) {
    const value = metadata[name];
    if (value === undefined || SERVER_METADATA.has(name)) continue;
    const node = writerOf(fieldSchema(struct, name), schemas)(value);
    text += `${text === '' ? '' : ','}${elementHead('f:', name)}${node}`;
  }
  return text === '' ? undefined : `{${text}}`;
}

function writerOf(schema: Schema | undefined, schemas: SchemaSet): NodeWriter {
  if (schema === undefined) return writeFree;
  const writers = writersOfSet.get(schemas) ?? new WeakMap<Schema, NodeWriter>();
  writersOfSet.set(schemas, writers);
  const resolved = schemas.resolve(schema);
  const known = writers.get(resolved);
  if (known !== undefined) return known;
  const writer = makeWriter(resolved, schemas);
  writers.set(resolved, writer);
  return writer;
}

function makeWriter(schema: Exclude<Schema, { type: 'ref' }>, schemas: SchemaSet): NodeWriter {
  switch (schema.type) {
    case 'any':
      return writeFree;
    case 'object':
    case 'map':
      return schema.mapType === 'atomic' ? writeLeaf : fieldsWriter(schema, schemas);
    case 'array':
      return schema.listType === 'set' || schema.listType === 'map'
        ? itemsWriter(schema, schemas)
        : writeLeaf;
    default:
      return writeLeaf;
  }
}

function writeLeaf(): string {
  return LEAF_TEXT;
}

/** Where there is no schema, objects have fields, and all else is a leaf. */
function writeFree(value: Json): string {
  return isJsonObject(value) ? writeEntries(value, writeFree) : LEAF_TEXT;
}

function fieldsWriter(schema: ObjectSchema | MapSchema, schemas: SchemaSet): NodeWriter {
  if (schema.type === 'map') {
    return (value) =>
      isJsonObject(value) ? writeEntries(value, writerOf(schema.values, schemas)) : LEAF_TEXT;
  }
  const plans: StructPlan[] = [];
  return (value) => {
    if (!isJsonObject(value)) return LEAF_TEXT;
    const names = definedNames(value);
    for (const plan of plans) if (isFor(plan, names)) return followPlan(value, plan);
    const plan = planOf(names, schema, schemas);
    if (plans.length < PLANS_MAX) plans.push(plan);
    return followPlan(value, plan);
  };
}

/** Ways to write a struct that are kept, by its fields; objects of one origin have the same ones. More are made each time. */
const PLANS_MAX = 16;

function isFor(plan: StructPlan, names: readonly string[]): boolean {
  const { length } = names;
  if (plan.names.length !== length) return false;
  for (let i = 0; i < length; i++) if (plan.names[i] !== names[i]) return false;
  return true;
}

/** How to write a struct that has certain fields. */
interface StructPlan {
  /** The fields in the order in which the object has them. */
  readonly names: readonly string[];
  /** The text, where nothing in the struct has anything below: it is always the same. */
  readonly text: string | undefined;
  /** In the order of the text. */
  readonly fields: readonly { name: string; head: string; write: NodeWriter }[];
}

function planOf(names: readonly string[], schema: ObjectSchema, schemas: SchemaSet): StructPlan {
  const fields = names.toSorted().map((name) => ({
    name,
    head: elementHead('f:', name),
    write: writerOf(propertyOf(schema.properties, name), schemas),
  }));
  const isFlat = fields.every(({ write }) => write === writeLeaf);
  const text = nodeText(fields.map(({ head }) => `,${head}${LEAF_TEXT}`).join(''));
  return { names, text: isFlat ? text : undefined, fields };
}

function followPlan(object: JsonObject, plan: StructPlan): string {
  if (plan.text !== undefined) return plan.text;
  let text = '';
  for (const { name, head, write } of plan.fields) text += `,${head}${write(object[name] ?? null)}`;
  return nodeText(text);
}

function writeEntries(object: JsonObject, write: NodeWriter): string {
  let text = '';
  for (const name of definedNames(object).toSorted())
    text += `,${elementHead('f:', name)}${write(object[name] ?? null)}`;
  return nodeText(text);
}

function nodeText(below: string): string {
  return below === '' ? LEAF_TEXT : `{".":{}${below}}`;
}

function definedNames(object: JsonObject): string[] {
  const names = Object.keys(object);
  return names.some((name) => object[name] === undefined)
    ? names.filter((name) => object[name] !== undefined)
    : names;
}

function itemsWriter(list: ArraySchema, schemas: SchemaSet): NodeWriter {
  const elementOf = elementReader(list, schemas);
  const plainKeyOf = plainKeyReader(list);
  return (value) => {
    if (!isJsonArray(value) || value.length === 0) return LEAF_TEXT;
    const write = writerOf(list.items, schemas);
    return (plainKeyOf && writePlainItems(value, plainKeyOf, write)) ?? writeItems(value, elementOf, write);
  };
}

interface PlainKey {
  readonly field: string;
  /** What stands before the key's value in the text of an element. */
  readonly head: string;
}

/** Text that stands in JSON as it is, also within a text that is itself in JSON. */
const PLAIN_TEXT = /^[\w ./:-]*$/;

/** Most lists of items by key have one key field. */
function plainKeyReader({ listType, listMapKeys = [] }: ArraySchema): PlainKey | undefined {
  const [field, ...others] = listMapKeys;
  if (listType !== 'map' || field === undefined || others.length > 0) return undefined;
  return { field, head: `,"k:{\\"${field}\\":\\"` };
}

/** The short way: each item has a plain text for its key, and none stands twice. Undefined where that is not so. */
function writePlainItems(
  items: readonly Json[],
  { field, head }: PlainKey,
  write: NodeWriter,
): string | undefined {
  const seen = new Set<string>();
  let text = '';
  for (const item of items) {
    const key = isJsonObject(item) ? propertyOf(item, field) : undefined;
    if (typeof key !== 'string' || seen.has(key) || !PLAIN_TEXT.test(key)) return undefined;
    seen.add(key);
    text += `${head}${key}\\"}":${write(item)}`;
  }
  return nodeText(text);
}

/** An item that stands there twice is owned as one leaf. */
function writeItems(
  items: readonly Json[],
  elementOf: (item: Json) => string | undefined,
  write: NodeWriter,
): string {
  const nodes = new Map<string, string>();
  for (const item of items) {
    const element = elementOf(item);
    if (element !== undefined) nodes.set(element, nodes.has(element) ? LEAF_TEXT : write(item));
  }
  let text = '';
  for (const [element, node] of nodes) text += `,${element}:${node}`;
  return nodeText(text);
}

/** What makes the element of an item, as JSON text. */
function elementReader(list: ArraySchema, schemas: SchemaSet): (item: Json) => string | undefined {
  if (list.listType === 'set') {
    return (item) => (typeof item === 'object' ? undefined : JSON.stringify(valueElement(item)));
  }
  return (item) => {
    const key = itemKey(item, list, schemas);
    return key === undefined ? undefined : JSON.stringify(keyElement(key));
  };
}

function elementHead(prefix: string, name: string): string {
  return PLAIN_TEXT.test(name) ? `"${prefix}${name}":` : `${JSON.stringify(prefix + name)}:`;
}
