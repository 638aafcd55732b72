import { requiredValue } from '#api/field-errors.ts';
import { isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { Schema, SchemaSet } from '#api/schema.ts';
import type { FieldError } from '#api/status.ts';

/**
 * Required fields that Kubernetes' servers nevertheless let a client leave out: their zero value is valid, and Go clients
 * cannot tell it from absence.
 */
const ZERO_IS_VALID: ReadonlySet<string> = new Set([
  'apps/v1.ControllerRevision.revision',
  'batch/v1.PodFailurePolicy.rules',
  'core/v1.HTTPHeader.value',
  'core/v1.ISCSIPersistentVolumeSource.lun',
  'core/v1.ISCSIVolumeSource.lun',
  'core/v1.LimitRangeSpec.limits',
  'core/v1.PreferredSchedulingTerm.preference',
  'core/v1.SleepAction.seconds',
  'core/v1.Sysctl.value',
  'storage/v1.CSINodeSpec.drivers',
]);

/**
 * Every field that the schema requires and the object lacks, outside `status`. An absent `spec` reads as an empty one. Where
 * the result is empty, a typed reading of the object is sound.
 */
export function missingFields(object: unknown, schema: string, schemas: SchemaSet): FieldError[] {
  return missingIn(object as Json, { type: 'ref', ref: schema }, { schemas, path: '', name: schema });
}

interface Place {
  readonly schemas: SchemaSet;
  readonly path: string;
  /** The definition that the place is in. */
  readonly name: string;
}

function missingIn(value: Json, schema: Schema, place: Place): FieldError[] {
  const name = schema.type === 'ref' ? schema.ref : place.name;
  const resolved = place.schemas.resolve(schema);
  if (resolved.type === 'array' && isJsonArray(value)) {
    return value.flatMap((item, index) =>
      missingIn(item, resolved.items, { ...place, path: `${place.path}[${index}]` }),
    );
  }
  if (resolved.type === 'map' && isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, item]) =>
      missingIn(item, resolved.values, { ...place, path: `${place.path}[${key}]` }),
    );
  }
  if (resolved.type !== 'object' || !isJsonObject(value)) return [];
  const required = resolved.required ?? [];
  return Object.entries(resolved.properties).flatMap(([key, property]) =>
    missingAt(value, { key, property, isRequired: required.includes(key) }, { ...place, name }),
  );
}

function missingAt(
  object: JsonObject,
  { key, property, isRequired }: { key: string; property: Schema; isRequired: boolean },
  { schemas, path, name }: Place,
): FieldError[] {
  if (path === '' && key === 'status') return [];
  const field = path === '' ? key : `${path}.${key}`;
  const value = propertyOf(object, key) ?? (key === 'spec' ? {} : undefined);
  if (value !== undefined) return missingIn(value, property, { schemas, path: field, name });
  const isMissing = isRequired && property.type !== 'boolean' && !ZERO_IS_VALID.has(`${name}.${key}`);
  return isMissing ? [requiredValue(field)] : [];
}
