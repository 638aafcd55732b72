import type { JSONSchemaProps, ValidationRule } from '#api/apiextensions/json-schema-props.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { isJsonObject, propertyOf } from '#api/json.ts';
import type { FieldError } from '#api/status.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** Parts of JSON Schema that no definition may use: references among them, so that no schema contains itself. */
const UNSUPPORTED: readonly string[] = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
];

/** Every fault of the nodes of a schema, one by one. Source: `ValidateCustomResourceDefinitionOpenAPISchema`. */
export function schemaFaults(field: string, schema: JSONSchemaProps): FieldError[] {
  return visit(schema, { field, isRoot: true });
}

interface Node {
  readonly field: string;
  readonly isRoot: boolean;
}

function visit(schema: JSONSchemaProps, node: Node): FieldError[] {
  const { field } = node;
  const { properties = {}, additionalProperties, items, not, allOf = [], oneOf = [], anyOf = [] } = schema;
  const below = (path: string, child: JSONSchemaProps): FieldError[] =>
    visit(child, { field: `${field}.${path}`, isRoot: false });
  const lists = { allOf, oneOf, anyOf };
  return [
    ...standardFaults(schema, field),
    ...(schema.uniqueItems === true
      ? [
          forbiddenField(
            `${field}.uniqueItems`,
            'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
          ),
        ]
      : []),
    ...(additionalProperties !== undefined &&
    additionalProperties !== true &&
    Object.keys(properties).length > 0
      ? [
          forbiddenField(
            `${field}.additionalProperties`,
            'additionalProperties and properties are mutual exclusive',
          ),
        ]
      : []),
    ...(isJsonObject(additionalProperties) ? below('additionalProperties', additionalProperties) : []),
    ...Object.entries(properties).flatMap(([key, child]) => [
      ...(node.isRoot && ['apiVersion', 'kind', 'metadata'].includes(key)
        ? defaultsIn(child, `${field}.properties[${key}]`, `in top-level ${key}`)
        : []),
      ...below(`properties[${key}]`, child),
    ]),
    ...(not === undefined ? [] : below('not', not)),
    ...Object.entries(lists).flatMap(([key, list]) =>
      list.flatMap((child, index) => below(`${key}[${index}]`, child)),
    ),
    ...(isJsonObject(items) ? below('items', items) : []),
    ...mapFaults(schema, field),
    ...listFaults(schema, field),
    ...(schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) =>
      ruleFaults(rule, `${field}.x-kubernetes-validations[${index}]`),
    ),
  ];
}

/** Defaults where there may be none. */
function defaultsIn(schema: JSONSchemaProps, field: string, why: string): FieldError[] {
  return [
    ...(schema.default === undefined ? [] : [forbiddenField(`${field}.default`, `must not be set ${why}`)]),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) =>
      defaultsIn(child, `${field}.properties[${key}]`, why),
    ),
  ];
}

function standardFaults(schema: JSONSchemaProps, field: string): FieldError[] {
  const { type = '' } = schema;
  const said = schema as unknown as Readonly<Record<string, unknown>>;
  return [
    ...(type === '' || TYPES.includes(type) ? [] : [unsupportedValue(`${field}.type`, type, TYPES)]),
    ...UNSUPPORTED.flatMap((key) =>
      Object.hasOwn(said, key) && said[key] !== ''
        ? [forbiddenField(`${field}.${key}`, `${key} is not supported`)]
        : [],
    ),
    ...(type === 'null'
      ? [forbiddenField(`${field}.type`, 'type cannot be set to null, use nullable as an alternative')]
      : []),
    ...(Array.isArray(schema.items)
      ? [forbiddenField(`${field}.items`, 'items must be a schema object and not an array')]
      : []),
    ...(schema['x-kubernetes-preserve-unknown-fields'] === false
      ? [invalidValue(`${field}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined')]
      : []),
  ];
}

function mapFaults(schema: JSONSchemaProps, field: string): FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  return [
    ...wantedType(schema, field, { type: 'object', because: 'x-kubernetes-map-type is specified' }),
    ...(mapType === 'atomic' || mapType === 'granular'
      ? []
      : [unsupportedValue(`${field}.x-kubernetes-map-type`, mapType, ['atomic', 'granular'])]),
  ];
}

function wantedType(
  { type = '' }: JSONSchemaProps,
  field: string,
  wanted: { readonly type: string; readonly because: string },
): FieldError[] {
  if (type === wanted.type) return [];
  const detail = `must be ${wanted.type} if ${wanted.because}`;
  return [type === '' ? requiredValue(`${field}.type`, detail) : invalidValue(`${field}.type`, type, detail)];
}

function listFaults(schema: JSONSchemaProps, field: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = `${field}.x-kubernetes-list-type`;
  const needsMap = 'must be map if x-kubernetes-list-map-keys is non-empty';
  return [
    ...(listType === undefined
      ? []
      : wantedType(schema, field, { type: 'array', because: 'x-kubernetes-list-type is specified' })),
    ...(listType === undefined || ['atomic', 'set', 'map'].includes(listType)
      ? []
      : [unsupportedValue(at, listType, ['atomic', 'set', 'map'])]),
    ...(keys.length > 0 && listType !== 'map'
      ? [listType === undefined ? requiredValue(at, needsMap) : invalidValue(at, listType, needsMap)]
      : []),
    ...(listType === 'set' ? setFaults(schema, field) : []),
    ...(listType === 'map' ? keyedFaults(schema, keys, field) : []),
    ...((listType === 'set' || listType === 'map') && schema.items?.nullable === true
      ? [
          forbiddenField(
            `${field}.items.nullable`,
            `cannot be nullable when x-kubernetes-list-type is ${listType}`,
          ),
        ]
      : []),
  ];
}

function setFaults({ items }: JSONSchemaProps, field: string): FieldError[] {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const itemList = items?.['x-kubernetes-list-type'];
  const itemMap = items?.['x-kubernetes-map-type'];
  if (items?.type === 'array' && itemList !== undefined && itemList !== 'atomic')
    return [invalidValue(`${field}.items.x-kubernetes-list-type`, itemList, detail)];
  return items?.type === 'object' && itemMap !== 'atomic'
    ? [invalidValue(`${field}.items.x-kubernetes-map-type`, itemMap, detail)]
    : [];
}

function keyedFaults({ items }: JSONSchemaProps, keys: readonly string[], field: string): FieldError[] {
  const at = `${field}.x-kubernetes-list-map-keys`;
  return [
    ...(keys.length === 0 ? [requiredValue(at, 'must not be empty if x-kubernetes-list-type is map')] : []),
    ...(items === undefined
      ? [requiredValue(`${field}.items`, 'must have a schema if x-kubernetes-list-type is map')]
      : []),
    ...(items !== undefined && items.type !== 'object'
      ? [
          invalidValue(
            `${field}.items.type`,
            items.type ?? '',
            "must be object if parent array's x-kubernetes-list-type is map",
          ),
        ]
      : []),
    ...keys.flatMap((key, index) =>
      keys.indexOf(key) < index ? [invalidValue(at, keys, 'must not contain duplicate entries')] : [],
    ),
    ...(items?.type === 'object' ? keys.flatMap((key) => keyFaults(key, items, { keys, field, at })) : []),
  ];
}

function keyFaults(
  key: string,
  items: JSONSchemaProps,
  { keys, field, at }: { readonly keys: readonly string[]; readonly field: string; readonly at: string },
): FieldError[] {
  const property = propertyOf(items.properties ?? {}, key);
  if (property === undefined) return [invalidValue(at, keys, 'entries must all be names of item properties')];
  const place = `${field}.items.properties[${key}]`;
  const isGiven = items.required?.includes(key) === true || property.default !== undefined;
  return [
    ...(property.type === 'array' || property.type === 'object'
      ? [
          invalidValue(
            `${place}.type`,
            property.type,
            "must be a scalar type if parent array's x-kubernetes-list-type is map",
          ),
        ]
      : []),
    ...(isGiven
      ? []
      : [
          requiredValue(
            `${place}.default`,
            'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
          ),
        ]),
    ...(property.nullable === true
      ? [
          forbiddenField(
            `${place}.nullable`,
            'this property is in x-kubernetes-list-map-keys, so it cannot be nullable',
          ),
        ]
      : []),
  ];
}

/** The form of a rule; what its expression says is for the compiler. */
function ruleFaults(rule: ValidationRule, field: string): FieldError[] {
  const [text, message] = [(rule.rule ?? '').trim(), (rule.message ?? '').trim()];
  return [
    ...textFaults(rule, { text, message, field }),
    ...((rule.messageExpression ?? '') !== '' && (rule.messageExpression ?? '').trim() === ''
      ? [requiredValue(`${field}.messageExpression`, 'messageExpression must be non-empty if specified')]
      : []),
    ...(rule.reason === undefined || REASONS.includes(rule.reason)
      ? []
      : [unsupportedValue(`${field}.reason`, rule.reason, REASONS)]),
    ...((rule.fieldPath ?? '') !== '' && (rule.fieldPath ?? '').trim() === ''
      ? [invalidValue(`${field}.fieldPath`, rule.fieldPath, 'must be non-empty if specified')]
      : []),
    ...(/[\n\r]/u.test(rule.fieldPath ?? '')
      ? [invalidValue(`${field}.fieldPath`, rule.fieldPath, 'must not contain line breaks')]
      : []),
  ];
}

function textFaults(
  rule: ValidationRule,
  { text, message, field }: { readonly text: string; readonly message: string; readonly field: string },
): FieldError[] {
  if (text === '') return [requiredValue(`${field}.rule`, 'rule is not specified')];
  if ((rule.message ?? '') !== '' && message === '')
    return [invalidValue(`${field}.message`, rule.message, 'must be non-empty if specified')];
  if (/[\n\r]/u.test(message))
    return [invalidValue(`${field}.message`, rule.message, 'must not contain line breaks')];
  return /[\n\r]/u.test(text) && message === ''
    ? [requiredValue(`${field}.message`, 'message must be specified if rule contains line breaks')]
    : [];
}
