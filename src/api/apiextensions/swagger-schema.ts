import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';

/** What Swagger 2.0 has no words for. */
const WITHOUT_WORDS = ['allOf', 'anyOf', 'oneOf', 'not', 'nullable'] as const;

/**
 * The schema of a custom kind as kubectl reads it in a Swagger 2.0 document: what may be null, and what takes unknown fields,
 * has no type there and nothing below it, for kubectl would refuse what does not fit. Source: `ToStructuralOpenAPIV2` of Kubernetes'
 * apiextensions-apiserver.
 */
export function swaggerSchema(source: JSONSchemaProps): JSONSchemaProps {
  const schema = { ...source };
  for (const keyword of WITHOUT_WORDS) delete schema[keyword];
  const isOpen = source['x-kubernetes-preserve-unknown-fields'] === true;
  if (source.nullable === true || isOpen) {
    delete schema.items;
    delete schema.properties;
  }
  const isListOfAnything = source.type === 'array' && schema.items === undefined;
  if (source.nullable === true || isListOfAnything || (isOpen && source.type === 'object'))
    delete schema.type;
  const required = requiredOf(schema);
  if (required.length > 0) schema.required = required;
  else delete schema.required;
  return withChildren(schema);
}

/** Nobody has to give what may be null. */
function requiredOf({ required = [], properties, additionalProperties }: JSONSchemaProps): string[] {
  if (typeof additionalProperties === 'object' && additionalProperties.nullable === true) return [];
  return required.filter((name) => properties?.[name]?.nullable !== true);
}

function withChildren(schema: JSONSchemaProps): JSONSchemaProps {
  const { items, properties, additionalProperties } = schema;
  if (items !== undefined) schema.items = swaggerSchema(items);
  if (properties !== undefined)
    schema.properties = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, swaggerSchema(property)]),
    );
  if (typeof additionalProperties === 'object')
    schema.additionalProperties = swaggerSchema(additionalProperties);
  return schema;
}
