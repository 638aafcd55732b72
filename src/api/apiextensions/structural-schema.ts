import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { checkOneOf } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** The deepest nesting of a schema; a deeper one is refused. */
const SCHEMA_DEPTH_MAX = 64;
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const LIST_TYPES = ['atomic', 'map', 'set'];

/**
 * What keeps a schema from being structural: each node has one type, properties and items are described where they are, and
 * the root is an object. Source: Kubernetes' documentation of custom resources, "Specifying a structural schema".
 */
export function validateStructuralSchema(field: string, schema: JSONSchemaProps): FieldError[] {
  return [
    ...(schema.type === 'object'
      ? []
      : [invalidValue(`${field}.type`, schema.type ?? '', 'must be object at the root')]),
    ...(schema.nullable === true
      ? [forbiddenField(`${field}.nullable`, 'nullable cannot be true at the root')]
      : []),
    ...validateNode(field, schema, 0),
  ];
}

function validateNode(field: string, schema: JSONSchemaProps, depth: number): FieldError[] {
  if (depth > SCHEMA_DEPTH_MAX)
    return [forbiddenField(field, `schemas may not nest deeper than ${SCHEMA_DEPTH_MAX} levels`)];
  const { properties = {}, items, additionalProperties } = schema;
  const children: [string, JSONSchemaProps][] = [
    ...Object.entries(properties).map(([name, child]): [string, JSONSchemaProps] => [
      `${field}.properties[${name}]`,
      child,
    ]),
    ...(items === undefined ? [] : [[`${field}.items`, items] satisfies [string, JSONSchemaProps]]),
    ...(typeof additionalProperties === 'object'
      ? [[`${field}.additionalProperties`, additionalProperties] satisfies [string, JSONSchemaProps]]
      : []),
  ];
  return [
    ...validateType(field, schema),
    ...validateLists(field, schema),
    ...children.flatMap(([path, child]) => validateNode(path, child, depth + 1)),
  ];
}

function validateType(field: string, schema: JSONSchemaProps): FieldError[] {
  const isFree =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const hasBoth = schema.properties !== undefined && schema.additionalProperties !== undefined;
  return [
    ...(schema.type === undefined || schema.type === ''
      ? isFree
        ? []
        : [requiredValue(`${field}.type`, 'must not be empty for specified object fields')]
      : checkOneOf(`${field}.type`, schema.type, TYPES)),
    ...(schema.type === 'array' && schema.items === undefined
      ? [requiredValue(`${field}.items`, 'must be specified')]
      : []),
    ...(Array.isArray(schema.items)
      ? [forbiddenField(`${field}.items`, 'items must be a schema object and not an array')]
      : []),
    ...(schema.uniqueItems === true
      ? [
          forbiddenField(
            `${field}.uniqueItems`,
            'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
          ),
        ]
      : []),
    ...(hasBoth
      ? [
          forbiddenField(
            `${field}.additionalProperties`,
            'additionalProperties and properties are mutual exclusive',
          ),
        ]
      : []),
  ];
}

function validateLists(field: string, schema: JSONSchemaProps): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return [
    ...checkOneOf(`${field}.x-kubernetes-list-type`, listType, LIST_TYPES),
    ...checkOneOf(`${field}.x-kubernetes-map-type`, schema['x-kubernetes-map-type'], ['atomic', 'granular']),
    ...(listType === 'map' && keys.length === 0
      ? [
          requiredValue(
            `${field}.x-kubernetes-list-map-keys`,
            'must not be empty if x-kubernetes-list-type is map',
          ),
        ]
      : []),
    ...keys
      .filter((key) => schema.items?.properties?.[key] === undefined)
      .map((key) =>
        invalidValue(
          `${field}.x-kubernetes-list-map-keys`,
          key,
          'entries must all be names of item properties',
        ),
      ),
  ];
}
