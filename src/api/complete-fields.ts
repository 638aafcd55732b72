import { isJsonArray, isJsonObject, propertyOf } from '#api/json.ts';
import type { ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';

/**
 * Required fields that Kubernetes' servers nevertheless let a client leave out: their zero value is valid, and Go clients
 * cannot tell it from absence.
 */
const ZERO_IS_VALID: ReadonlySet<string> = new Set([
  'apps/v1.ControllerRevision.revision',
  'batch/v1.PodFailurePolicy.rules',
  'core/v1.ISCSIPersistentVolumeSource.lun',
  'core/v1.LimitRangeSpec.limits',
  'storage/v1.CSINodeSpec.drivers',
]);

/** Whether a value has every field that its schema requires. */
type CompleteCheck = (value: unknown) => boolean;

/** Where a check is made: the definition that the schema stands in gives required fields their full names. */
interface Definition {
  readonly schemas: SchemaSet;
  readonly name: string;
}

/** By set, then by schema; a schema stands in one definition. */
const checksOfSet = new WeakMap<SchemaSet, WeakMap<Schema, CompleteCheck | 'nothingRequired' | 'making'>>();

/**
 * Whether `missingFields` would find nothing in an object that has a `spec` where its schema has one. True is certain; a
 * false one is for `missingFields` to explain. Looks only where something can be missing.
 */
export function isComplete(object: unknown, schema: Schema, definition: Definition): boolean {
  return checkOf(schema, definition)?.(object) ?? true;
}

/** Whether leaving out a field that is listed as required is an error. */
export function isRequired(
  key: string,
  { property, definition }: { property: Schema; definition: string },
): boolean {
  return property.type !== 'boolean' && key !== 'spec' && !ZERO_IS_VALID.has(`${definition}.${key}`);
}

/** Whether a schema can have required fields below it: most nodes of an object are scalars, which need no visit. */
export function isComposite({ type }: Schema): boolean {
  return type === 'ref' || type === 'object' || type === 'array' || type === 'map';
}

/** Undefined where nothing can be missing. */
function checkOf(schema: Schema, definition: Definition): CompleteCheck | undefined {
  if (!isComposite(schema)) return undefined;
  const { schemas } = definition;
  const checks = checksOfSet.get(schemas) ?? new WeakMap<Schema, CompleteCheck>();
  checksOfSet.set(schemas, checks);
  const resolved = schemas.resolve(schema);
  const known = checks.get(resolved);
  if (known === 'nothingRequired') return undefined;
  // A schema that holds itself is looked up again once it is made.
  if (known === 'making') return (value) => checkOf(schema, definition)?.(value) ?? true;
  if (known !== undefined) return known;
  checks.set(resolved, 'making');
  const name = schema.type === 'ref' ? schema.ref : definition.name;
  const check = makeCheck(resolved, { schemas, name });
  checks.set(resolved, check ?? 'nothingRequired');
  return check;
}

function makeCheck(
  schema: Exclude<Schema, { type: 'ref' }>,
  definition: Definition,
): CompleteCheck | undefined {
  switch (schema.type) {
    case 'object':
      return structCheck(schema, definition);
    case 'array': {
      const check = checkOf(schema.items, definition);
      return check && ((value) => !isJsonArray(value) || value.every(check));
    }
    case 'map': {
      const check = checkOf(schema.values, definition);
      return check && ((value) => !isJsonObject(value) || Object.values(value).every(check));
    }
    default:
      return undefined;
  }
}

function structCheck(schema: ObjectSchema, definition: Definition): CompleteCheck | undefined {
  const { name } = definition;
  const required = (schema.required ?? []).filter((key) => {
    const property = propertyOf(schema.properties, key);
    return property !== undefined && isRequired(key, { property, definition: name });
  });
  const below = Object.entries(schema.properties).flatMap(([key, property]) => {
    const check = checkOf(property, definition);
    return check === undefined ? [] : [{ key, check }];
  });
  const hasSpec = Object.hasOwn(schema.properties, 'spec');
  if (required.length === 0 && below.length === 0 && !hasSpec) return undefined;
  return (value) => {
    if (!isJsonObject(value)) return true;
    if (hasSpec && propertyOf(value, 'spec') === undefined) return false;
    for (const key of required) if (propertyOf(value, key) === undefined) return false;
    for (const { key, check } of below) {
      const field = propertyOf(value, key);
      if (field !== undefined && !check(field)) return false;
    }
    return true;
  };
}
