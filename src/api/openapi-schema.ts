/** Schemas as the components of OpenAPI documents, as kubectl and client libraries expect them of a Kubernetes server. */
import { swaggerSchema } from '#api/apiextensions/swagger-schema.ts';
import type { Descriptions } from '#api/descriptions.ts';
import { ENUMERATIONS } from '#api/gen/enumerations.ts';
import { isJsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type {
  ArraySchema,
  MapSchema,
  ObjectSchema,
  RefSchema,
  ScalarSchema,
  Schema,
  SchemaSet,
} from '#api/schema.ts';
import { openApiName } from '#api/schema-names.ts';
import { unreachable } from '#system/assert.ts';

/** `x-kubernetes-group-version-kind`. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What is put into a document. */
export interface ComponentsRequest {
  readonly schemas: SchemaSet;
  /** 2: Swagger, references to `#/definitions/`. 3: references to `#/components/schemas/`. */
  readonly version: 2 | 3;
  /** Definitions to describe, with all that they refer to. */
  readonly definitions: readonly string[];
  /** Definitions that are kinds. Each gets its mark, and a `List` beside it. */
  readonly kinds: ReadonlyMap<string, GroupVersionKind>;
  readonly descriptions: Descriptions;
}

type JsonObject = { [key: string]: Json };

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
const MICRO_TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';

/** The components by their OpenAPI names, sorted. */
export function openApiComponents(request: ComponentsRequest): Record<string, Json> {
  const steps = writeComponents(request);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** As {@link openApiComponents}, one definition a step: for whoever must not do all of it in one turn. */
export function* writeComponents(request: ComponentsRequest): Generator<void, Record<string, Json>> {
  const writer: Writer = { ...request, components: new Map(), queue: [...request.definitions] };
  if (request.kinds.size > 0) writer.queue.push('meta/v1.ListMeta');
  for (let name = writer.queue.shift(); name !== undefined; name = writer.queue.shift()) {
    if (writer.components.has(openApiName(name))) continue;
    writeDefinition(name, writer);
    yield;
  }
  return Object.fromEntries([...writer.components].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Writer extends ComponentsRequest {
  readonly components: Map<string, Json>;
  /** Definitions that are referred to and may not be written yet. */
  readonly queue: string[];
}

function writeDefinition(name: string, writer: Writer): void {
  const schema = writer.schemas.get(name);
  const kind = writer.kinds.get(name);
  const described = writer.descriptions.get(name) ?? {};
  const component = {
    ...describe(described[''] ?? schema.description),
    ...bodyOf(schema, { name, described }, writer),
    ...markOf(kind),
  };
  writer.components.set(openApiName(name), component);
  if (kind !== undefined) writer.components.set(`${openApiName(name)}List`, writeList(name, kind, writer));
}

/** A definition: how it is called, and what is known of its fields. */
interface Definition {
  readonly name: string;
  readonly described: Readonly<Record<string, string>>;
}

function bodyOf(schema: Schema, definition: Definition, writer: Writer): JsonObject {
  if (schema.type !== 'object') return writeSchema(schema, writer);
  const written = writeObject(schema, definition, writer);
  const { source } = schema;
  if (source === undefined) return written;
  // As in Kubernetes: kubectl would take any list of fields for all that there are.
  if (writer.version === 2 && source['x-kubernetes-preserve-unknown-fields'] === true)
    return { type: 'object' };
  // Rules, limits and alternatives stand in the definition only: they are told as they are written there.
  const told = writer.version === 2 ? swaggerSchema(source) : source;
  const properties = { ...told.properties, ...objectFields(written.properties as JsonObject, writer) };
  return { ...(told as unknown as JsonObject), properties: properties as unknown as Json };
}

/** The fields of every object, with what is said of them at any kind. */
function objectFields(
  { apiVersion, kind, metadata }: JsonObject,
  { descriptions }: Writer,
): Record<string, JsonObject> {
  const described = descriptions.get('core/v1.ConfigMap') ?? {};
  return {
    apiVersion: { ...(apiVersion as JsonObject), ...describe(described['apiVersion']) },
    kind: { ...(kind as JsonObject), ...describe(described['kind']) },
    metadata: { ...(metadata as JsonObject), description: METADATA_DESCRIPTION },
  };
}

const METADATA_DESCRIPTION =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

function markOf(kind: GroupVersionKind | undefined): JsonObject {
  return kind === undefined
    ? {}
    : { 'x-kubernetes-group-version-kind': [{ group: kind.group, kind: kind.kind, version: kind.version }] };
}

function writeList(name: string, kind: GroupVersionKind, writer: Writer): Json {
  const text = { type: 'string' };
  return {
    description: `${kind.kind}List is a list of ${kind.kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: text,
      items: { type: 'array', items: reference(openApiName(name), writer) },
      kind: text,
      metadata: reference(openApiName('meta/v1.ListMeta'), writer),
    },
    ...markOf({ ...kind, kind: `${kind.kind}List` }),
  };
}

function writeObject(schema: ObjectSchema, { name, described }: Definition, writer: Writer): JsonObject {
  const properties = Object.entries(schema.properties).map(([key, property]): [string, Json] => [
    key,
    {
      ...describe(described[key] ?? property.description ?? describedBelow(property, writer)),
      ...withValues(writeSchema(property, writer), ENUMERATIONS[`${name}.${key}`]),
    },
  ]);
  return {
    type: 'object',
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(schema.required === undefined ? {} : { required: [...schema.required] }),
    ...(schema.preserveUnknown === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...mergeMarks(schema),
  };
}

/** What is said of the definition that a field refers to, where nothing is said of the field. */
function describedBelow(property: Schema, { descriptions, schemas }: Writer): string | undefined {
  if (property.type !== 'ref') return undefined;
  return descriptions.get(property.ref)?.[''] ?? schemas.get(property.ref).description;
}

/** The values of a closed set, on the field or on the items of the list. */
function withValues(written: JsonObject, values: string | undefined): JsonObject {
  if (values === undefined) return written;
  const { items } = written;
  const given = { enum: values.split('|') };
  return isJsonObject(items) ? { ...written, items: { ...items, ...given } } : { ...written, ...given };
}

function describe(description: string | undefined): JsonObject {
  return description === undefined || description === '' ? {} : { description };
}

function writeSchema(schema: Schema, writer: Writer): JsonObject {
  switch (schema.type) {
    case 'object':
      return writeObject(schema, { name: '', described: {} }, writer);
    case 'map':
      return writeMap(schema, writer);
    case 'array':
      return writeArray(schema, writer);
    case 'ref':
      return writeRef(schema, writer);
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
    case 'intOrString':
    case 'quantity':
    case 'any':
      return writeScalar(schema, writer);
    default:
      return unreachable(schema);
  }
}

function writeMap(schema: MapSchema, writer: Writer): JsonObject {
  return { type: 'object', additionalProperties: writeSchema(schema.values, writer), ...mergeMarks(schema) };
}

function writeArray(schema: ArraySchema, writer: Writer): JsonObject {
  return {
    type: 'array',
    items: writeSchema(schema.items, writer),
    ...(schema.listType === undefined ? {} : { 'x-kubernetes-list-type': schema.listType }),
    ...(schema.listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': [...schema.listMapKeys] }),
    ...(schema.patchMergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': schema.patchMergeKey }),
    ...(schema.patchStrategy === undefined ? {} : { 'x-kubernetes-patch-strategy': schema.patchStrategy }),
  };
}

function mergeMarks({ mapType, patchStrategy }: Pick<ObjectSchema, 'mapType' | 'patchStrategy'>): JsonObject {
  return {
    ...(mapType === undefined ? {} : { 'x-kubernetes-map-type': mapType }),
    ...(patchStrategy === undefined ? {} : { 'x-kubernetes-patch-strategy': patchStrategy }),
  };
}

function writeRef(schema: RefSchema, writer: Writer): JsonObject {
  writer.queue.push(schema.ref);
  return { ...reference(openApiName(schema.ref), writer), ...mergeMarks(schema) };
}

/** Version 3 allows nothing beside `$ref`, so a reference is wrapped, as Kubernetes does. */
function reference(name: string, { version }: Writer): JsonObject {
  return version === 2
    ? { $ref: `#/definitions/${name}` }
    : { allOf: [{ $ref: `#/components/schemas/${name}` }] };
}

function writeScalar(schema: ScalarSchema, writer: Writer): JsonObject {
  switch (schema.type) {
    case 'any':
      return { 'x-kubernetes-preserve-unknown-fields': true };
    case 'quantity':
      return named(QUANTITY, { oneOf: [{ type: 'string' }, { type: 'number' }] }, writer);
    case 'intOrString':
      return named(
        INT_OR_STRING,
        { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
        writer,
      );
    case 'string':
      if (schema.format === 'date-time') return named(TIME, { type: 'string', format: 'date-time' }, writer);
      if (schema.format === 'micro-time')
        return named(MICRO_TIME, { type: 'string', format: 'date-time' }, writer);
      return plain(schema);
    default:
      return plain(schema);
  }
}

function plain({ type, format, enum: values }: ScalarSchema): JsonObject {
  return {
    type,
    ...(format === undefined ? {} : { format }),
    ...(values === undefined ? {} : { enum: [...values] }),
  };
}

/** A scalar that has a component of its own. Swagger knows no `oneOf`: there it is a string. */
function named(name: string, component: JsonObject, writer: Writer): JsonObject {
  const { oneOf, ...rest } = component;
  writer.components.set(
    name,
    oneOf !== undefined && writer.version === 2 ? { type: 'string', ...rest } : component,
  );
  return reference(name, writer);
}
