import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import {
  copyJson,
  isMutableObject,
  type MutableJson,
  type MutableJsonObject,
  propertyOf,
  setProperty,
} from '#api/json.ts';

/**
 * Fills the defaults of a structural schema in, in place. A null where the schema is not nullable gives way to the default,
 * or is dropped where there is none; a nullable null stays. Source: Kubernetes' documentation of custom resources, "Defaulting
 * and Nullable".
 */
export function defaultObject(object: MutableJsonObject, schema: JSONSchemaProps): void {
  visit(object, schema);
}

function visit(value: MutableJson, schema: JSONSchemaProps | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) visitItems(value, schema.items);
  else if (isMutableObject(value)) visitFields(value, schema);
}

function visitItems(list: MutableJson[], schema: JSONSchemaProps | undefined): void {
  list.forEach((item, index) => {
    const given =
      isEmptyNull(item, schema) && schema?.default !== undefined ? copyJson(schema.default) : item;
    list[index] = given;
    visit(given, schema);
  });
}

function visitFields(object: MutableJsonObject, schema: JSONSchemaProps): void {
  const { properties = {}, additionalProperties } = schema;
  const values = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  for (const key of Object.keys(object)) {
    const field = propertyOf(properties, key) ?? values;
    if (isEmptyNull(object[key], field)) delete object[key];
    // An entry of a map is there because somebody put it there: its null gives way to the default of all entries.
    if (!Object.hasOwn(object, key) && !Object.hasOwn(properties, key) && field?.default !== undefined)
      setProperty(object, key, copyJson(field.default));
  }
  for (const key of Object.keys(properties)) {
    const fallback = properties[key]?.default;
    if (fallback !== undefined && !Object.hasOwn(object, key)) setProperty(object, key, copyJson(fallback));
  }
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value !== undefined) visit(value, propertyOf(properties, key) ?? values);
  }
}

function isEmptyNull(value: MutableJson | undefined, schema: JSONSchemaProps | undefined): boolean {
  return value === null && schema !== undefined && schema.nullable !== true;
}

/** Whether any node of a schema has a default. */
export function hasDefaults(schema: JSONSchemaProps): boolean {
  if (schema.default !== undefined) return true;
  const { properties = {}, items, additionalProperties } = schema;
  return (
    Object.values(properties).some(hasDefaults) ||
    (items !== undefined && hasDefaults(items)) ||
    (typeof additionalProperties === 'object' && hasDefaults(additionalProperties))
  );
}
