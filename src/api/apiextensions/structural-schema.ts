/**
 * What keeps a schema from being structural: every value has one described place and one type, and alternatives (`allOf`,
 * `anyOf`, `oneOf`, `not`) only restrict what is described outside of them. Source: apiextensions' `ValidateStructural`.
 */
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { equalJson, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { compilePattern } from '#api/regular-expression.ts';
import type { FieldError } from '#api/status.ts';

/** The deepest nesting of a schema; a deeper one is refused. */
const SCHEMA_DEPTH_MAX = 64;

/** Where a node stands: the root, an item of a list, or a field. */
type Level = 'root' | 'item' | 'field';

interface Node {
  readonly field: string;
  readonly level: Level;
  readonly depth: number;
}

/** Every fault, sorted as Kubernetes does. */
export function structureFaults(field: string, schema: JSONSchemaProps): FieldError[] {
  const faults = [
    ...(schema.nullable === true
      ? [forbiddenField(`${field}.nullable`, 'nullable cannot be true at the root')]
      : []),
    ...invariants(schema, { field, level: 'root', depth: 0 }),
    ...completeness(schema, schema, { field, value: field }),
  ];
  return faults.toSorted((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0));
}

function invariants(schema: JSONSchemaProps, node: Node): FieldError[] {
  const { field, depth, level } = node;
  if (depth > SCHEMA_DEPTH_MAX)
    return [forbiddenField(field, `schemas may not nest deeper than ${SCHEMA_DEPTH_MAX} levels`)];
  const { items, properties = {}, additionalProperties } = schema;
  const below = (level_: Level, field_: string, child: JSONSchemaProps): FieldError[] =>
    invariants(child, { field: field_, level: level_, depth: depth + 1 });
  return [
    ...(schema.type === 'array' && items === undefined
      ? [requiredValue(`${field}.items`, 'must be specified')]
      : []),
    ...(isSchema(items) ? below('item', `${field}.items`, items) : []),
    ...Object.entries(properties).flatMap(([key, child]) =>
      below('field', `${field}.properties[${key}]`, child),
    ),
    ...(additionalProperties !== undefined && level === 'root'
      ? [forbiddenField(`${field}.additionalProperties`, 'must not be used at the root')]
      : []),
    ...(isSchema(additionalProperties)
      ? below('field', `${field}.additionalProperties`, additionalProperties)
      : []),
    ...extensionFaults(schema, field),
    ...alternativeFaults(schema, field, depth),
    ...typeFaults(schema, node),
    ...metaFaults(schema, node),
  ];
}

/** A schema, and not one of the other forms that Swagger allows in its place. */
function isSchema(value: JSONSchemaProps | boolean | undefined): value is JSONSchemaProps {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function extensionFaults(schema: JSONSchemaProps, field: string): FieldError[] {
  if (schema['x-kubernetes-int-or-string'] !== true) return [];
  const others = ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const;
  return others.flatMap((key) =>
    schema[key] === true
      ? [invalidValue(`${field}.${key}`, true, 'must be false if x-kubernetes-int-or-string is true')]
      : [],
  );
}

function typeFaults(schema: JSONSchemaProps, { field, level }: Node): FieldError[] {
  const type = schema.type ?? '';
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const isFree =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const atEmbedded = 'must be object if x-kubernetes-embedded-resource is true';
  const where = {
    root: 'at the root',
    item: 'for specified array items',
    field: 'for specified object fields',
  }[level];
  return [
    ...(isEmbedded && type !== 'object'
      ? [
          type === ''
            ? requiredValue(`${field}.type`, atEmbedded)
            : invalidValue(`${field}.type`, type, atEmbedded),
        ]
      : []),
    ...(!isEmbedded && type === '' && !isFree
      ? [requiredValue(`${field}.type`, `must not be empty ${where}`)]
      : []),
    ...(isEmbedded && schema.additionalProperties !== undefined
      ? [
          forbiddenField(
            `${field}.additionalProperties`,
            'must not be used if x-kubernetes-embedded-resource is set',
          ),
        ]
      : []),
    ...(level === 'root' && type !== '' && type !== 'object'
      ? [invalidValue(`${field}.type`, type, 'must be object at the root')]
      : []),
  ];
}

/** What a schema may say of apiVersion, kind and metadata: at the root, of the latter no more than the name. */
function metaFaults(schema: JSONSchemaProps, { field, level }: Node): FieldError[] {
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const { properties = {} } = schema;
  const isChecked = level === 'root' || isEmbedded;
  const metadata = propertyOf(properties, 'metadata');
  const at = `${field}.properties[metadata]`;
  return [
    ...(isChecked
      ? ['kind', 'apiVersion'].flatMap((key) => {
          const type = propertyOf(properties, key)?.type;
          return Object.hasOwn(properties, key) && type !== 'string'
            ? [invalidValue(`${field}.properties[${key}].type`, type ?? '', 'must be string')]
            : [];
        })
      : []),
    ...(metadata !== undefined && isChecked && metadata.type !== 'object'
      ? [invalidValue(`${at}.type`, metadata.type ?? '', 'must be object')]
      : []),
    ...(metadata !== undefined && level === 'root' && saysMoreThanName(metadata)
      ? [
          forbiddenField(
            at,
            'must not specify anything other than name and generateName, but metadata is implicitly specified',
          ),
        ]
      : []),
    ...(isEmbedded &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true &&
    Object.keys(properties).length === 0
      ? [
          requiredValue(
            `${field}.properties`,
            'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
          ),
        ]
      : []),
  ];
}

function saysMoreThanName(metadata: JSONSchemaProps): boolean {
  const others = Object.keys(metadata.properties ?? {}).filter(
    (key) => key !== 'name' && key !== 'generateName',
  );
  const said = Object.keys(metadata).filter((key) => !['type', 'properties', 'default'].includes(key));
  return others.length > 0 || said.length > 0;
}

const INT_OR_STRING: Json = [{ type: 'integer' }, { type: 'string' }];

function isIntOrString(schemas: readonly JSONSchemaProps[] | undefined): boolean {
  return schemas !== undefined && equalJson(schemas as unknown as Json, INT_OR_STRING);
}

/** The alternatives of a node. The pattern by which an `IntOrString` is written is let through. */
function alternativeFaults(schema: JSONSchemaProps, field: string, depth: number): FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema;
  const mayBeTyped = (alternative: JSONSchemaProps, index: number): boolean =>
    index === 0 && isIntOrString(alternative.anyOf);
  return [
    ...(isIntOrString(anyOf)
      ? []
      : anyOf.flatMap((each, index) => nestedFaults(each, `${field}.anyOf[${index}]`, depth))),
    ...allOf.flatMap((each, index) =>
      mayBeTyped(each, index)
        ? nestedFaults({ ...each, anyOf: [] }, `${field}.allOf[${index}]`, depth)
        : nestedFaults(each, `${field}.allOf[${index}]`, depth),
    ),
    ...oneOf.flatMap((each, index) => nestedFaults(each, `${field}.oneOf[${index}]`, depth)),
    ...(not === undefined ? [] : nestedFaults(not, `${field}.not`, depth)),
    ...patternFaults(field, pattern),
  ];
}

function patternFaults(field: string, pattern: string | undefined): FieldError[] {
  const compiled = pattern === undefined || pattern === '' ? undefined : compilePattern(pattern);
  if (typeof compiled !== 'string') return [];
  const detail = `must be a valid regular expression, but isn't: ${compiled}`;
  return [invalidValue(`${field}.pattern`, pattern, detail)];
}

/** What may not stand inside an alternative, with how it is to be left. */
const OUTSIDE_ONLY: readonly [key: keyof JSONSchemaProps, detail: string][] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function nestedFaults(schema: JSONSchemaProps, field: string, depth: number): FieldError[] {
  if (depth > SCHEMA_DEPTH_MAX)
    return [forbiddenField(field, `schemas may not nest deeper than ${SCHEMA_DEPTH_MAX} levels`)];
  const { items, properties = {} } = schema;
  return [
    ...alternativeFaults(schema, field, depth + 1),
    ...(isSchema(items) ? nestedFaults(items, `${field}.items`, depth + 1) : []),
    ...Object.entries(properties).flatMap(([key, child]) =>
      nestedFaults(child, `${field}.properties[${key}]`, depth + 1),
    ),
    ...OUTSIDE_ONLY.flatMap(([key, detail]) =>
      isSaid(schema[key]) ? [forbiddenField(`${field}.${key}`, detail)] : [],
    ),
    ...(Object.hasOwn(properties, 'metadata')
      ? [forbiddenField(`${field}.properties[metadata]`, 'must not be specified in a nested context')]
      : []),
  ];
}

function isSaid(value: unknown): boolean {
  const isEmpty = value === undefined || value === '' || value === false;
  return !isEmpty && !(Array.isArray(value) && value.length === 0);
}

/** What alternatives speak of and nobody has described: `field` is where that would be, `value` where they speak. */
function completeness(
  value: JSONSchemaProps,
  structure: JSONSchemaProps | undefined,
  at: { readonly field: string; readonly value: string },
): FieldError[] {
  if (structure === undefined) return [requiredValue(at.field, `because it is defined in ${at.value}`)];
  const { not, allOf = [], anyOf = [], oneOf = [] } = value;
  const inside = (each: JSONSchemaProps, path: string): FieldError[] =>
    nestedCompleteness(each, structure, { field: at.field, value: `${at.value}.${path}` });
  return [
    ...(not === undefined ? [] : inside(not, 'not')),
    ...allOf.flatMap((each, index) => inside(each, `allOf[${index}]`)),
    ...anyOf.flatMap((each, index) => inside(each, `anyOf[${index}]`)),
    ...oneOf.flatMap((each, index) => inside(each, `oneOf[${index}]`)),
  ];
}

function nestedCompleteness(
  value: JSONSchemaProps,
  structure: JSONSchemaProps | undefined,
  at: { readonly field: string; readonly value: string },
): FieldError[] {
  if (structure === undefined) return [requiredValue(at.field, `because it is defined in ${at.value}`)];
  const { items, properties = {} } = value;
  const below = (path: string): { field: string; value: string } => ({
    field: `${at.field}.${path}`,
    value: `${at.value}.${path}`,
  });
  return [
    ...completeness(value, structure, at),
    ...(isSchema(items)
      ? nestedCompleteness(items, isSchema(structure.items) ? structure.items : undefined, below('items'))
      : []),
    ...Object.entries(properties).flatMap(([key, child]) =>
      nestedCompleteness(child, propertyOf(structure.properties ?? {}, key), below(`properties[${key}]`)),
    ),
  ];
}
