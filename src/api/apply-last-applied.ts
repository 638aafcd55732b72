import { type FieldSet, NO_FIELDS, subtract } from '#api/apply-field-set.ts';
import { changedFields, fieldsOf } from '#api/apply-field-walk.ts';
import {
  copyObject,
  isJsonObject,
  isMutableObject,
  isTooDeep,
  type JsonObject,
  type MutableJsonObject,
  setProperty,
} from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { Schema, SchemaSet } from '#api/schema.ts';

/** Where kubectl's client-side apply keeps the configuration that it applied last. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
/** The field manager of `kubectl apply --server-side`, which takes over from client-side apply. */
export const KUBECTL_MANAGER = 'kubectl';

/**
 * The fields that a client-side apply set and that still stand so in the live object: kubectl's server-side apply takes them
 * over without a conflict. None where there is no readable annotation of the same version.
 * Source: apimachinery `managedfields` `lastAppliedManager`.
 */
export function fieldsLastApplied(live: JsonObject, schema: Schema, schemas: SchemaSet): FieldSet {
  const lastApplied = readLastApplied(live);
  if (lastApplied === undefined || lastApplied['apiVersion'] !== live['apiVersion']) return NO_FIELDS;
  const changes = changedFields(lastApplied, live, schema, schemas);
  const unchanged = subtract(fieldsOf(lastApplied, schema, schemas), changes.modified);
  return subtract(subtract(unchanged, changes.added), changes.removed);
}

/** Keeps the annotation of an object that has one up to date with what kubectl applied by server-side apply; in place. */
export function refreshLastApplied(object: MutableJsonObject, applied: JsonObject): void {
  const metadata = object['metadata'];
  const annotations = isMutableObject(metadata) ? metadata['annotations'] : undefined;
  if (!isMutableObject(annotations) || typeof annotations[LAST_APPLIED_ANNOTATION] !== 'string') return;
  annotations[LAST_APPLIED_ANNOTATION] = `${JSON.stringify(withoutAnnotation(applied))}\n`;
}

function withoutAnnotation(applied: JsonObject): JsonObject {
  const copy = copyObject(applied);
  const metadata = copy['metadata'];
  const annotations = isMutableObject(metadata) ? metadata['annotations'] : undefined;
  if (isMutableObject(metadata) && isMutableObject(annotations)) {
    const { [LAST_APPLIED_ANNOTATION]: _annotation, ...rest } = annotations;
    setProperty(metadata, 'annotations', rest);
  }
  return copy;
}

function readLastApplied(live: JsonObject): JsonObject | undefined {
  const metadata = live['metadata'];
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  const text = isJsonObject(annotations) ? annotations[LAST_APPLIED_ANNOTATION] : undefined;
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    const parsed = JSON.parse(text) as Json;
    return isJsonObject(parsed) && !isTooDeep(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
