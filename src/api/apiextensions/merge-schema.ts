import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import type { ObjectSchema, ScalarSchema, Schema } from '#api/schema.ts';

/** The schema of `metadata`. */
export const OBJECT_META: Schema = { type: 'ref', ref: 'meta/v1.ObjectMeta' };

/** What every object has beside what its schema says. */
const META_PROPERTIES: Readonly<Record<string, Schema>> = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: OBJECT_META,
};

/** The compact form of a custom kind's schema: what server-side apply and field ownership go by. */
export function mergeSchemaOf(root: JSONSchemaProps): ObjectSchema {
  const known = converted.get(root);
  if (known !== undefined) return known;
  const made = convertRoot(root);
  converted.set(root, made);
  return made;
}

/** Made once for each schema: every change of any definition asks for all of them anew. */
const converted = new WeakMap<JSONSchemaProps, ObjectSchema>();

function convertRoot(root: JSONSchemaProps): ObjectSchema {
  const schema = convert({ ...root, 'x-kubernetes-embedded-resource': true });
  const object = schema.type === 'object' ? schema : { type: 'object' as const, properties: META_PROPERTIES };
  return { ...object, source: root };
}

function convert(schema: JSONSchemaProps): Schema {
  const { description } = schema;
  const converted = convertNode(schema);
  return description === undefined ? converted : { ...converted, description };
}

function convertNode(schema: JSONSchemaProps): Schema {
  const { type } = schema;
  if (schema['x-kubernetes-int-or-string'] === true) return { type: 'intOrString' };
  switch (type) {
    case 'object':
      return convertObject(schema);
    case 'array':
      return convertArray(schema);
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return convertScalar(schema, type);
    default:
      return schema['x-kubernetes-embedded-resource'] === true ? convertObject(schema) : { type: 'any' };
  }
}

function convertObject(schema: JSONSchemaProps): Schema {
  const { properties, additionalProperties, required } = schema;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const given = schema['x-kubernetes-map-type'];
  const mapType: Pick<ObjectSchema, 'mapType'> =
    given === 'atomic' || given === 'granular' ? { mapType: given } : {};
  if (
    properties === undefined &&
    !isEmbedded &&
    additionalProperties !== undefined &&
    additionalProperties !== false
  ) {
    const values: Schema = additionalProperties === true ? { type: 'any' } : convert(additionalProperties);
    return { type: 'map', values, ...mapType };
  }
  const converted = Object.entries(properties ?? {}).map(([key, each]): [string, Schema] => [
    key,
    convert(each),
  ]);
  const keepsUnknown =
    schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true;
  return {
    type: 'object',
    properties: { ...Object.fromEntries(converted), ...(isEmbedded ? META_PROPERTIES : {}) },
    ...(required === undefined || required.length === 0 ? {} : { required }),
    ...(keepsUnknown ? { preserveUnknown: true } : {}),
    ...mapType,
  };
}

function convertArray(schema: JSONSchemaProps): Schema {
  const items: Schema = schema.items === undefined ? { type: 'any' } : convert(schema.items);
  const listType = schema['x-kubernetes-list-type'];
  const listMapKeys = schema['x-kubernetes-list-map-keys'];
  if (listType === 'set') return { type: 'array', items, listType };
  if (listType === 'map' && listMapKeys !== undefined) return { type: 'array', items, listType, listMapKeys };
  return { type: 'array', items, listType: 'atomic' };
}

function convertScalar(schema: JSONSchemaProps, type: ScalarSchema['type']): ScalarSchema {
  const { format, enum: values, default: fallback } = schema;
  const texts = values?.filter((value) => typeof value === 'string');
  return {
    type,
    ...(format === undefined ? {} : { format }),
    ...(texts === undefined || texts.length === 0 ? {} : { enum: texts }),
    ...(typeof fallback === 'object' || fallback === undefined ? {} : { default: fallback }),
  };
}
