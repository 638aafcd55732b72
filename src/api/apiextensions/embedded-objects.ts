import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import { serviceNameErrors } from '#api/name-syntax.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/**
 * What is wrong with the apiVersion, kind and metadata of objects inside an object (`x-kubernetes-embedded-resource`).
 * `field` is empty for the root, which is no embedded object itself.
 */
export function embeddedObjectFaults(value: Json, schema: JSONSchemaProps, field = ''): FieldError[] {
  if (isJsonArray(value)) {
    const { items } = schema;
    if (items === undefined) return [];
    return value.flatMap((item, index) => embeddedObjectFaults(item, items, `${field}[${index}]`));
  }
  if (!isJsonObject(value)) return [];
  const own = schema['x-kubernetes-embedded-resource'] === true ? faultsOf(value, field) : [];
  const { properties = {}, additionalProperties } = schema;
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, child]) => {
      const property = propertyOf(properties, key);
      if (property !== undefined) return embeddedObjectFaults(child, property, pathTo(field, key));
      return typeof additionalProperties === 'object'
        ? embeddedObjectFaults(child, additionalProperties, `${field}[${key}]`)
        : [];
    }),
  ];
}

function pathTo(field: string, key: string): string {
  return field === '' ? key : `${field}.${key}`;
}

function faultsOf(object: JsonObject, field: string): FieldError[] {
  const metadata = propertyOf(object, 'metadata');
  return [
    ...textFaults(pathTo(field, 'apiVersion'), propertyOf(object, 'apiVersion'), apiVersionErrors),
    ...textFaults(pathTo(field, 'kind'), propertyOf(object, 'kind'), kindErrors),
    ...(metadata === undefined || isJsonObject(metadata)
      ? []
      : [invalidValue(pathTo(field, 'metadata'), metadata, 'must be an object')]),
  ];
}

function textFaults(
  field: string,
  value: Json | undefined,
  rule: (text: string) => readonly string[],
): FieldError[] {
  if (value === undefined) return [requiredValue(field)];
  if (typeof value !== 'string') return [invalidValue(field, value, 'must be a string')];
  if (value === '') return [invalidValue(field, value, 'must not be empty')];
  return rule(value).map((detail) => invalidValue(field, value, detail));
}

function apiVersionErrors(text: string): string[] {
  return text.split('/').length <= 2 ? [] : [`unexpected GroupVersion string: ${text}`];
}

function kindErrors(text: string): string[] {
  const errors = serviceNameErrors(text.toLowerCase());
  return errors.length === 0 ? [] : [`may have mixed case, but should otherwise match: ${errors.join(',')}`];
}
