/** A node of an OpenAPI v3 document, as far as values are made of it. */
export interface OpenApiSchema {
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly additionalProperties?: OpenApiSchema;
  readonly items?: OpenApiSchema;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

/** The schemas of one document, by name. */
export type OpenApiSchemas = Readonly<Record<string, OpenApiSchema>>;

/** One change of an object: a value in place of what is there, or nothing. */
export interface Mutation {
  readonly path: readonly (string | number)[];
  /** Undefined: the field is removed. */
  readonly value: unknown;
}

const TEXTS = [
  '',
  'a',
  'UPPER_Case',
  '-bad',
  'a'.repeat(260),
  'a/b',
  '1.2.3.4',
  '10.0.0.0/8',
  '-1',
  'a.b.c',
  '*',
  'a b',
];
const MORE_TEXTS = ['/x/../y', 'http://a b', '$(A)', 5];
const INTEGERS = [-1, 0, 1, 2, 101, 65_535, 65_536, 2 ** 31 - 1, 'text', 1.5];
const QUANTITIES = ['0', '-1', '1.5', '100m', 'abc', '1Gi', 5, ''];
const NUMBERS_OR_TEXTS = [0, -1, '10%', '101%', 'abc', 5, '0%', ''];
const TIMES = ['x', '2020-01-01T00:00:00Z', ''];
const BYTES = ['', 'aGVsbG8=', '!!'];
const TEXT_LISTS = [[], ['a', 'a'], [''], ['*'], ['UPPER_Case', '-bad'], {}, null];
const TEXT_MAPS = [
  {},
  { 'bad key!': 'v' },
  { a: 'bad value!' },
  { ['k'.repeat(70)]: 'v' },
  { 'A.b/c': '' },
  { a: 5 },
  'text',
];
const QUANTITY_MAPS = [
  {},
  { a: '1' },
  { cpu: '-1' },
  { 'a/b/c': 1 },
  { 'requests.x': 1 },
  { memory: 'x' },
  { pods: '1.5' },
];

/** Fields that the server writes, and what says which object it is. */
const LEFT_ALONE: ReadonlySet<string> = new Set([
  ...['apiVersion', 'kind', 'status', 'metadata.managedFields', 'metadata.uid', 'metadata.creationTimestamp'],
  ...['metadata.resourceVersion', 'metadata.selfLink', 'metadata.generation', 'metadata.deletionTimestamp'],
  ...['metadata.deletionGracePeriodSeconds', 'metadata.namespace'],
]);

/** A pod's spec has an object of its own: inside of templates it is changed no deeper than this field. */
const TEMPLATE_SPEC = /\.template\.spec$/u;

/** Every single change of an object that is worth a question. */
export function* mutationsOf(
  object: object,
  schema: OpenApiSchema,
  schemas: OpenApiSchemas,
): Generator<Mutation> {
  yield* changesIn(object, schema, { schemas, path: [] });
}

/** The object with one change. */
export function mutated(object: object, { path, value }: Mutation): object {
  const copy = structuredClone(object);
  const last = path.at(-1) ?? '';
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], copy);
  if (value !== undefined) (parent as Record<string | number, unknown>)[last] = value;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete (parent as Record<string | number, unknown>)[last];
  return copy;
}

/** A path as Kubernetes writes it: `spec.containers[0].name`. */
export function pathText(path: Mutation['path']): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .slice(1);
}

interface Place {
  readonly schemas: OpenApiSchemas;
  readonly path: Mutation['path'];
}

function* changesIn(value: unknown, schema: OpenApiSchema, { schemas, path }: Place): Generator<Mutation> {
  const { node } = resolved(schema, schemas);
  if (Array.isArray(value)) {
    if (value.length > 0) yield { path, value: [...value, value[0]] };
    for (const [index, item] of value.entries()) {
      yield { path: [...path, index], value: undefined };
      yield* changesIn(item, node.items ?? {}, { schemas, path: [...path, index] });
    }
    return;
  }
  if (typeof value !== 'object' || value === null || node.properties === undefined) return;
  for (const [name, field] of Object.entries(node.properties)) {
    const below = [...path, name];
    if (LEFT_ALONE.has(pathText(below))) continue;
    const current = (value as Record<string, unknown>)[name];
    if (current !== undefined) yield { path: below, value: undefined };
    for (const other of valuesFor(field, schemas)) yield { path: below, value: other };
    if (current !== undefined && !TEMPLATE_SPEC.test(`.${pathText(below)}`))
      yield* changesIn(current, field, { schemas, path: below });
  }
  yield { path: [...path, 'unknownField'], value: 1 };
}

function valuesFor(schema: OpenApiSchema, schemas: OpenApiSchemas): readonly unknown[] {
  const { node, name } = resolved(schema, schemas);
  if (node.format === 'int-or-string') return NUMBERS_OR_TEXTS;
  if (node.oneOf !== undefined || name === 'Quantity') return QUANTITIES;
  if (node.format === 'date-time' || name === 'MicroTime') return TIMES;
  if (node.format === 'byte') return BYTES;
  switch (node.type) {
    case 'string':
      return [...(node.enum ?? []), ...TEXTS, ...MORE_TEXTS];
    case 'integer':
      return INTEGERS;
    case 'boolean':
      return [true, false, 'text'];
    case 'array':
      return resolved(node.items ?? {}, schemas).node.type === 'string' ? TEXT_LISTS : [[], [{}], {}, null];
    default:
      return node.additionalProperties === undefined
        ? [{}, 'text', null]
        : mapsFor(node.additionalProperties, schemas);
  }
}

function mapsFor(values: OpenApiSchema, schemas: OpenApiSchemas): readonly unknown[] {
  const { node, name } = resolved(values, schemas);
  if (name === 'Quantity') return QUANTITY_MAPS;
  return node.type === 'string' ? TEXT_MAPS : [{}, { 'bad key!': ['x'] }, 'text'];
}

/** Follows references; `name` is the last part of the definition's name. */
function resolved(schema: OpenApiSchema, schemas: OpenApiSchemas): { node: OpenApiSchema; name: string } {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference === undefined) return { node: schema, name: '' };
  const definition = reference.slice(reference.lastIndexOf('/') + 1);
  return { node: schemas[definition] ?? {}, name: definition.slice(definition.lastIndexOf('.') + 1) };
}
