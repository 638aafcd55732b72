import { pick, type Random, randomInteger } from './chance.ts';

/** A node of an OpenAPI 3 schema, as far as values are made of it. */
export interface SchemaNode {
  readonly $ref?: string;
  readonly allOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode;
  readonly items?: SchemaNode;
}

/** How values are made. */
export interface ValueContext {
  readonly random: Random;
  readonly components: Readonly<Record<string, SchemaNode>>;
  /** From 0 to 1: how likely a value is one that nobody should send. */
  readonly hostility: number;
}

/** Schemas refer to themselves: values nest no deeper than this. */
const DEPTH_MAX = 9;

/** How likely a field is there that need not be. */
const OPTIONAL_FIELD = 0.2;

const NAMES = ['a', 'b', 'web', 'data-1', 'node.example.com'];

/** Texts that are meant to break something. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '..',
  '../../etc/passwd',
  '%2e%2e%2f',
  '\0',
  '\u202e\u0007',
  '\ud800',
  '__proto__',
  'constructor',
  'a'.repeat(254),
  'x'.repeat(5000),
  '9'.repeat(400),
  '1e999',
  '-0',
  '9007199254740993',
  '(a+)+$',
  '((((((((((',
  '${jndi:x}',
  '{{.}}',
  '$(x)',
  '10.0.0.0/33',
  '::1::',
  '0x10',
  '2038-01-19T03:14:08Z',
  '0000-00-00T99:99:99Z',
  '*/0 * * * *',
  'true',
  'null',
  '-5Gi',
  '1.0000000000000000000001',
];

/** Values that are of no kind that anybody expects. */
function hostileValue(random: Random): unknown {
  const choice = randomInteger(random, 12);
  switch (choice) {
    case 0:
      return null;
    case 1:
      return [];
    case 2:
      return {};
    case 3:
      return -1;
    case 4:
      return 2 ** 53;
    case 5:
      return 1e300;
    case 6:
      return 0.1;
    case 7:
      return true;
    case 8:
      return JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    case 9:
      return Array.from({ length: 200 }, () => 'a');
    case 10:
      return nested(300);
    default:
      return pick(random, HOSTILE_TEXTS);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A value of a schema, or sometimes one that is not. */
export function valueOf(schema: SchemaNode, context: ValueContext, name = '', depth = 0): unknown {
  const { random, components, hostility } = context;
  if (random() < hostility) return hostileValue(random);
  const [inner] = schema.allOf ?? [];
  const reference = schema.$ref ?? inner?.$ref;
  if (reference !== undefined) {
    const target = components[reference.slice(reference.lastIndexOf('/') + 1)];
    return target === undefined ? {} : valueOf(target, context, name, depth);
  }
  if (schema.enum !== undefined) return pick(random, schema.enum);
  if (schema.format === 'int-or-string') return random() < 0.5 ? randomInteger(random, 100) : '50%';
  if (schema.oneOf !== undefined) return pick(random, ['100m', '1Gi', '5', 1]);
  switch (schema.type) {
    case 'object':
      return objectOf(schema, context, depth);
    case 'array':
      return depth > DEPTH_MAX || schema.items === undefined
        ? []
        : Array.from({ length: randomInteger(random, 3) }, () =>
            valueOf(schema.items ?? {}, context, name, depth + 1),
          );
    case 'integer':
      return randomInteger(random, name.toLowerCase().includes('port') ? 65_535 : 10);
    case 'number':
      return random() * 10;
    case 'boolean':
      return random() < 0.5;
    case 'string':
      return textOf(schema, random, name);
    default:
      return { a: 1 };
  }
}

function objectOf(schema: SchemaNode, context: ValueContext, depth: number): unknown {
  const { random } = context;
  const { properties = {}, required = [], additionalProperties } = schema;
  if (additionalProperties !== undefined) {
    return { app: depth > DEPTH_MAX ? 'a' : valueOf(additionalProperties, context, 'label', depth + 1) };
  }
  const fields = Object.keys(properties).filter(
    (field) => required.includes(field) || (depth <= DEPTH_MAX && random() < OPTIONAL_FIELD),
  );
  return Object.fromEntries(
    fields.map((field) => [field, valueOf(properties[field] ?? {}, context, field, depth + 1)]),
  );
}

function textOf({ format }: SchemaNode, random: Random, name: string): string {
  if (format === 'date-time') return '2026-01-01T00:00:00Z';
  if (format === 'byte') return 'YWJj';
  switch (name) {
    case 'image':
      return 'nginx:1.27';
    case 'label':
      return 'a';
    case 'schedule':
      return '0 3 * * *';
    case 'operator':
      return pick(random, ['In', 'Exists', 'DoesNotExist']);
    case 'protocol':
      return pick(random, ['TCP', 'UDP']);
    case 'mountPath':
    case 'path':
      return '/a';
    default:
      return pick(random, NAMES);
  }
}
