import { isComplete, isComposite, isRequired } from '#api/complete-fields.ts';
import { requiredValue } from '#api/field-errors.ts';
import { isJsonArray, isJsonObject, type JsonObject, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';
import type { FieldError } from '#api/status.ts';

/**
 * Every field that the schema requires and the object lacks, outside `status`. An absent `spec` reads as an empty one. Where
 * the result is empty, a typed reading of the object is sound.
 */
export function missingFields(object: unknown, schema: string, schemas: SchemaSet): FieldError[] {
  if (isComplete(object, { type: 'ref', ref: schema }, { schemas, name: schema })) return [];
  const errors: FieldError[] = [];
  visit(object as Json, { type: 'ref', ref: schema }, { schemas, path: '', name: schema, errors });
  return errors;
}

interface Place {
  readonly schemas: SchemaSet;
  readonly path: string;
  /** The definition that the place is in. */
  readonly name: string;
  readonly errors: FieldError[];
}

function visit(value: Json, schema: Schema, place: Place): void {
  const resolved = place.schemas.resolve(schema);
  switch (resolved.type) {
    case 'object':
      if (isJsonObject(value))
        visitStruct(value, resolved, { ...place, name: schema.type === 'ref' ? schema.ref : place.name });
      break;
    case 'array':
      if (isJsonArray(value) && isComposite(resolved.items)) {
        value.forEach((item, index) =>
          visit(item, resolved.items, { ...place, path: `${place.path}[${index}]` }),
        );
      }
      break;
    case 'map':
      if (isJsonObject(value) && isComposite(resolved.values)) {
        for (const [key, item] of Object.entries(value))
          visit(item, resolved.values, { ...place, path: `${place.path}[${key}]` });
      }
      break;
    default:
  }
}

function visitStruct(object: JsonObject, schema: ObjectSchema, place: Place): void {
  for (const key of schema.required ?? []) {
    const property = schema.properties[key];
    const isAbsent = property !== undefined && propertyOf(object, key) === undefined;
    if (isAbsent && isRequired(key, { property, definition: place.name }))
      place.errors.push(requiredValue(childPath(place, key)));
  }
  for (const [key, value] of Object.entries(object)) {
    const property = propertyOf(schema.properties, key);
    const isSkipped =
      property === undefined ||
      value === undefined ||
      (place.path === '' && (key === 'metadata' || key === 'status'));
    if (!isSkipped && isComposite(property))
      visit(value, property, { ...place, path: childPath(place, key) });
  }
  const spec = propertyOf(schema.properties, 'spec');
  if (spec !== undefined && propertyOf(object, 'spec') === undefined) {
    visit({}, spec, { ...place, path: childPath(place, 'spec') });
  }
}

function childPath({ path }: Place, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
