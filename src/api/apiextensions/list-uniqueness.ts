import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { duplicateValue, invalidValue } from '#api/field-errors.ts';
import { isJsonArray, isJsonObject, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** Items that stand twice in sets and keyed lists (`x-kubernetes-list-type`), each once. `field` is empty for the root. */
export function repeatedItems(value: Json, schema: JSONSchemaProps, field = ''): FieldError[] {
  if (isJsonArray(value)) return inList(value, schema, field);
  if (!isJsonObject(value)) return [];
  const { properties = {}, additionalProperties } = schema;
  return Object.entries(value).flatMap(([key, child]) => {
    const property = propertyOf(properties, key);
    if (property !== undefined) return repeatedItems(child, property, field === '' ? key : `${field}.${key}`);
    return typeof additionalProperties === 'object'
      ? repeatedItems(child, additionalProperties, `${field}[${key}]`)
      : [];
  });
}

function inList(list: readonly Json[], schema: JSONSchemaProps, field: string): FieldError[] {
  const { items } = schema;
  const below =
    items === undefined
      ? []
      : list.flatMap((item, index) => repeatedItems(item, items, `${field}[${index}]`));
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return [...duplicates(list, field), ...below];
    case 'map':
      return [...inKeyedList(list, schema['x-kubernetes-list-map-keys'] ?? [], field), ...below];
    default:
      return below;
  }
}

function inKeyedList(list: readonly Json[], keys: readonly string[], field: string): FieldError[] {
  const wrong = list.findIndex((item) => item !== null && !isJsonObject(item));
  if (wrong >= 0) {
    const detail = 'must be an object for an array of list-type map';
    return [invalidValue(`${field}[${wrong}]`, list[wrong], detail)];
  }
  return duplicates(
    list.map((item) => keyOf(item, keys)),
    field,
  );
}

function keyOf(item: Json, keys: readonly string[]): Json {
  if (!isJsonObject(item)) return {};
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = propertyOf(item, key);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** As in Kubernetes, a value that stands three times is told of once. */
function duplicates(values: readonly Json[], field: string): FieldError[] {
  const counts = new Map<string, number>();
  return values.flatMap((value, index) => {
    const text = JSON.stringify(value);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return count === 2 ? [duplicateValue(`${field}[${index}]`, value)] : [];
  });
}
