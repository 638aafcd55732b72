import { keyElement, valueElement } from '#api/apply-fields-v1.ts';
import { fieldSchema } from '#api/apply-shape.ts';
import { isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import { itemKey } from '#api/list-keys.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';

/** Fields of `metadata` that the server owns: nobody manages them. */
const SERVER_METADATA: ReadonlySet<string> = new Set([
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
  for (const name of inOrder(Object.keys(metadata))) {
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
  return isJsonObject(value) ? writeFields(value, () => ({ head: undefined, write: writeFree })) : LEAF_TEXT;
}

interface FieldWriter {
  /** `"f:name":`; undefined where it is not known beforehand. */
  readonly head: string | undefined;
  readonly write: NodeWriter;
}

function fieldsWriter(schema: ObjectSchema | MapSchema, schemas: SchemaSet): NodeWriter {
  if (schema.type === 'map') {
    const entry: FieldWriter = { head: undefined, write: (value) => writerOf(schema.values, schemas)(value) };
    return (value) => (isJsonObject(value) ? writeFields(value, () => entry) : LEAF_TEXT);
  }
  const free: FieldWriter = { head: undefined, write: writeFree };
  const declared = new Map<string, FieldWriter>();
  const fieldOf = (name: string): FieldWriter => {
    const known = declared.get(name);
    if (known !== undefined) return known;
    const property = propertyOf(schema.properties, name);
    if (property === undefined) return free;
    const field = { head: elementHead('f:', name), write: writerOf(property, schemas) };
    declared.set(name, field);
    return field;
  };
  return (value) => (isJsonObject(value) ? writeFields(value, fieldOf) : LEAF_TEXT);
}

function writeFields(object: JsonObject, fieldOf: (name: string) => FieldWriter): string {
  let text = '';
  for (const name of inOrder(Object.keys(object))) {
    const value = object[name];
    if (value === undefined) continue;
    const { head, write } = fieldOf(name);
    text += `,${head ?? elementHead('f:', name)}${write(value)}`;
  }
  return text === '' ? LEAF_TEXT : `{".":{}${text}}`;
}

function itemsWriter(list: ArraySchema, schemas: SchemaSet): NodeWriter {
  const elementOf = elementReader(list, schemas);
  return (value) => {
    if (!isJsonArray(value) || value.length === 0) return LEAF_TEXT;
    const write = writerOf(list.items, schemas);
    const nodes = new Map<string, string>();
    for (const item of value) {
      const element = elementOf(item);
      // An item that stands there twice is owned as one leaf.
      if (element !== undefined) nodes.set(element, nodes.has(element) ? LEAF_TEXT : write(item));
    }
    let text = '';
    for (const [element, node] of nodes) text += `,${element}:${node}`;
    return text === '' ? LEAF_TEXT : `{".":{}${text}}`;
  };
}

/** Text that stands in JSON as it is, also within a text that is itself in JSON. */
const PLAIN_TEXT = /^[\w ./:-]*$/;

/** What makes the element of an item, as JSON text; most lists have one key, and most keys are plain. */
function elementReader(list: ArraySchema, schemas: SchemaSet): (item: Json) => string | undefined {
  if (list.listType === 'set') {
    return (item) => (typeof item === 'object' ? undefined : JSON.stringify(valueElement(item)));
  }
  const [only = ''] = list.listMapKeys ?? [];
  const isSingle = list.listMapKeys?.length === 1;
  const plainHead = `"k:{\\"${only}\\":\\"`;
  return (item) => {
    const value = isSingle && isJsonObject(item) ? propertyOf(item, only) : undefined;
    if (typeof value === 'string' && PLAIN_TEXT.test(value)) return `${plainHead}${value}\\"}"`;
    const key = itemKey(item, list, schemas);
    return key === undefined ? undefined : JSON.stringify(keyElement(key));
  };
}

function elementHead(prefix: string, name: string): string {
  return PLAIN_TEXT.test(name) ? `"${prefix}${name}":` : `${JSON.stringify(prefix + name)}:`;
}

/** The names sorted, as a set of fields has them; most objects have theirs in order already. */
function inOrder(names: string[]): string[] {
  for (let i = 1; i < names.length; i++) {
    if ((names[i - 1] ?? '') > (names[i] ?? '')) return names.toSorted();
  }
  return names;
}
