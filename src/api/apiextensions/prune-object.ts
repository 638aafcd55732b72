import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { isMutableObject, type MutableJson, type MutableJsonObject, propertyOf } from '#api/json.ts';

/** How many dropped fields are named; more are dropped without a word. */
const REPORTED_FIELDS_MAX = 20;

/** Fields of every object, which its schema need not name. */
export const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** As {@link pruneObject}, for any value below one: what is dropped goes without a word. */
export function pruneValue(value: MutableJson, schema: JSONSchemaProps): void {
  visit(value, schema, { walk: { dropped: [] }, path: '' });
}

interface Walk {
  readonly dropped: string[];
}

interface Place {
  readonly walk: Walk;
  readonly path: string;
}

/**
 * Drops, in place, the fields of a custom object that its structural schema does not know, and returns their paths (the
 * first 20): `spec.a`, `spec.list[0].b`. `apiVersion`, `kind` and `metadata` stay, at the root and in embedded objects.
 * Source: Kubernetes' documentation of custom resources, "Field pruning".
 */
export function pruneObject(object: MutableJsonObject, schema: JSONSchemaProps): string[] {
  const walk: Walk = { dropped: [] };
  visit(object, { ...schema, 'x-kubernetes-embedded-resource': true }, { walk, path: '' });
  return walk.dropped.toSorted();
}

function visit(value: MutableJson, schema: JSONSchemaProps | undefined, place: Place): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) =>
      visit(item, itemSchema(schema), { ...place, path: `${place.path}[${index}]` }),
    );
  } else if (isMutableObject(value)) visitFields(value, schema, place);
}

/** Below a node that keeps what it does not know, an item that its schema does not describe is kept whole too. */
function itemSchema(schema: JSONSchemaProps | undefined): JSONSchemaProps | undefined {
  if (schema?.['x-kubernetes-preserve-unknown-fields'] !== true) return schema?.items;
  return { ...schema.items, 'x-kubernetes-preserve-unknown-fields': true };
}

function visitFields(object: MutableJsonObject, schema: JSONSchemaProps | undefined, place: Place): void {
  const keepsUnknown = schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  for (const key of Object.keys(object)) {
    const value = object[key];
    const isMeta = schema?.['x-kubernetes-embedded-resource'] === true && META_FIELDS.has(key);
    if (value === undefined || isMeta) continue;
    const property = propertyOf(schema?.properties ?? {}, key);
    const values = schema?.additionalProperties;
    const path = place.path === '' ? key : `${place.path}.${key}`;
    if (property !== undefined) visit(value, property, { ...place, path });
    // As in Kubernetes, `additionalProperties: true` lets any entry in, but no fields below it.
    else if (values === true && !keepsUnknown) visit(value, undefined, { ...place, path });
    else if (typeof values === 'object') visit(value, values, { ...place, path });
    else if (!keepsUnknown) {
      if (place.walk.dropped.length < REPORTED_FIELDS_MAX) place.walk.dropped.push(path);
      delete object[key];
    }
  }
}
