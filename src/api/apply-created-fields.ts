import { keyElement, valueElement } from '#api/apply-fields-v1.ts';
import { fieldSchema } from '#api/apply-shape.ts';
import { isEmbedded } from '#api/embedded-fields.ts';
import { isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import { itemKey } from '#api/list-keys.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, MapSchema, ObjectSchema, ResolvedSchema, Schema, SchemaSet } from '#api/schema.ts';

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

/** Writes the node of one value of its schema: the value itself and everything in it; '' for none. */
type NodeWriter = (value: Json) => string;

/** A schema's writers, each made when it is first asked for. */
interface Writers {
  member?: NodeWriter;
  /** For a value that every object of the kind has (see `ArraySchema.embedded`): only what is in it. */
  embedded?: NodeWriter;
}

/** By set, then by schema: kept as long as the schema. */
const writersOfSet = new WeakMap<SchemaSet, WeakMap<Schema, Writers>>();

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
        : writerOf(field, schemas, field !== undefined && isEmbedded(field))(value);
    if (node !== '') text += `,${elementHead('f:', name)}${node}`;
  }
  return text === '' ? undefined : innerNode(text);
}

/** Metadata is not owned itself, and most of it is the server's. */
function metadataNode(metadata: JsonObject, schema: Schema | undefined, schemas: SchemaSet): string {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  const struct = resolved?.type === 'object' || resolved?.type === 'map' ? resolved : undefined;
  let text = '';
  for (const name of Object.keys(metadata).toSorted()) {
    const value = metadata[name];
    if (value === undefined || SERVER_METADATA.has(name)) continue;
    text += `,${elementHead('f:', name)}${writerOf(fieldSchema(struct, name), schemas)(value)}`;
  }
  return innerNode(text);
}

/** `embedded`: the value is part of an object that its kind always has. */
function writerOf(schema: Schema | undefined, schemas: SchemaSet, embedded = false): NodeWriter {
  if (schema === undefined) return writeFree;
  const writersOfSchema = writersOfSet.get(schemas) ?? new WeakMap<Schema, Writers>();
  writersOfSet.set(schemas, writersOfSchema);
  const resolved = schemas.resolve(schema);
  const writers = writersOfSchema.get(resolved) ?? {};
  writersOfSchema.set(resolved, writers);
  if (embedded) return (writers.embedded ??= makeWriter(resolved, schemas, true));
  return (writers.member ??= makeWriter(resolved, schemas, false));
}

function makeWriter(schema: ResolvedSchema, schemas: SchemaSet, embedded: boolean): NodeWriter {
  switch (schema.type) {
    case 'any':
      return schema.atomic === true ? writeLeaf : writeFree;
    case 'object':
    case 'map':
      if (schema.mapType !== 'atomic') return fieldsWriter(schema, schemas, embedded);
      return embedded ? writeFilled : writeLeaf;
    case 'array':
      return schema.listType === 'set' || schema.listType === 'map'
        ? itemsWriter(schema, schemas, embedded)
        : writeLeaf;
    default:
      return writeLeaf;
  }
}

function writeLeaf(): string {
  return LEAF_TEXT;
}

/** What every object of the kind has, and is owned whole, is owned once something is in it. */
function writeFilled(value: Json): string {
  return isJsonObject(value) && Object.keys(value).length === 0 ? '' : LEAF_TEXT;
}

/** Where there is no schema, objects have fields, and all else is a leaf. */
function writeFree(value: Json): string {
  return isJsonObject(value) ? writeEntries(value, writeFree) : LEAF_TEXT;
}

function fieldsWriter(schema: ObjectSchema | MapSchema, schemas: SchemaSet, embedded: boolean): NodeWriter {
  if (schema.type === 'map') {
    return (value) =>
      isJsonObject(value) ? writeEntries(value, writerOf(schema.values, schemas)) : LEAF_TEXT;
  }
  const plans: StructPlan[] = [];
  const planFor = (names: readonly string[]): StructPlan => {
    for (const plan of plans) if (isFor(plan, names)) return plan;
    const plan = planOf(names, schema, { schemas, embedded });
    if (plans.length < PLANS_MAX) plans.push(plan);
    return plan;
  };
  return (value) => {
    if (!isJsonObject(value)) return LEAF_TEXT;
    const text = followPlan(value, planFor(definedNames(value)));
    return embedded ? innerNode(text) : nodeText(text);
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
  /** What stands in the node, where nothing in the struct has anything below: it is always the same. */
  readonly text: string | undefined;
  /** In the order of the text. */
  readonly fields: readonly { name: string; head: string; write: NodeWriter }[];
}

function planOf(
  names: readonly string[],
  schema: ObjectSchema,
  { schemas, embedded }: { readonly schemas: SchemaSet; readonly embedded: boolean },
): StructPlan {
  const fields = names.toSorted().map((name) => {
    const field = propertyOf(schema.properties, name);
    const write = writerOf(field, schemas, embedded && field !== undefined && isEmbedded(field));
    return { name, head: elementHead('f:', name), write };
  });
  const isFlat = fields.every(({ write }) => write === writeLeaf);
  const text = fields.map(({ head }) => `,${head}${LEAF_TEXT}`).join('');
  return { names, text: isFlat ? text : undefined, fields };
}

/** The nodes of all fields, each with a comma before it. */
function followPlan(object: JsonObject, plan: StructPlan): string {
  if (plan.text !== undefined) return plan.text;
  let text = '';
  for (const { name, head, write } of plan.fields) {
    const node = write(object[name] ?? null);
    if (node !== '') text += `,${head}${node}`;
  }
  return text;
}

function writeEntries(object: JsonObject, write: NodeWriter): string {
  let text = '';
  for (const name of definedNames(object).toSorted())
    text += `,${elementHead('f:', name)}${write(object[name] ?? null)}`;
  return nodeText(text);
}

/** The node of a value that is a member itself. `below` has a comma before each of its nodes. */
function nodeText(below: string): string {
  return below === '' ? LEAF_TEXT : `{".":{}${below}}`;
}

/** The node of a value that is none. */
function innerNode(below: string): string {
  return below === '' ? '' : `{${below.slice(1)}}`;
}

function definedNames(object: JsonObject): string[] {
  const names = Object.keys(object);
  return names.some((name) => object[name] === undefined)
    ? names.filter((name) => object[name] !== undefined)
    : names;
}

function itemsWriter(list: ArraySchema, schemas: SchemaSet, embedded: boolean): NodeWriter {
  const elementOf = elementReader(list, schemas);
  const plainKeyOf = plainKeyReader(list);
  return (value) => {
    if (!isJsonArray(value)) return LEAF_TEXT;
    const write = writerOf(list.items, schemas);
    const text =
      (plainKeyOf && writePlainItems(value, plainKeyOf, write)) ?? writeItems(value, elementOf, write);
    return embedded ? innerNode(text) : nodeText(text);
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
  return text;
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
  return text;
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
