import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { checkFields } from '#api/check-fields.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { copyJson, isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import { validateMetadata } from '#api/metadata.ts';
import { pathSegmentErrors, serviceNameErrors } from '#api/name-syntax.ts';
import type { Json, ObjectMeta } from '#api/object.ts';
import { BUILTIN_SCHEMAS, METADATA_HOLDER } from '#api/schema-set.ts';
import { type FieldError, isStatus } from '#api/status.ts';

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
    ...(metadata === undefined || metadata === null ? [] : metadataFaults(pathTo(field, ''), metadata)),
  ];
}

/** Metadata as every object has it, but for the name, which may be absent and has to be a segment of a path. */
function metadataFaults(prefix: string, metadata: Json): FieldError[] {
  const holder = { metadata: copyJson(metadata) };
  try {
    checkFields(holder, { schemas: BUILTIN_SCHEMAS, schema: METADATA_HOLDER, kind: 'object', version: 'v1' });
  } catch (cause) {
    if (!isStatus(cause, 'BadRequest')) throw cause;
    return [invalidValue(`${prefix}metadata`, metadata, 'must be the metadata of an object')];
  }
  const meta = holder.metadata as Partial<ObjectMeta>;
  const named = (meta.name ?? '') === '' ? { ...meta, name: 'unnamed' } : meta;
  return validateMetadata(named, {
    namespaced: (meta.namespace ?? '') !== '',
    nameRule: pathSegmentErrors,
    group: 'apiextensions.k8s.io',
  }).map((error) => ({ ...error, field: `${prefix}${error.field}` }));
}

function textFaults(
  field: string,
  value: Json | undefined,
  rule: (text: string) => readonly string[],
): FieldError[] {
  if (value === undefined) return [requiredValue(field, 'must not be empty')];
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
