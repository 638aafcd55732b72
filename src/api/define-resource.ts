import { AGE_COLUMN, NAME_COLUMN } from '#api/columns.ts';
import { copyObject, isMutableObject, type JsonObject, type MutableJsonObject } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import { missingFields } from '#api/required-fields.ts';
import type { ResourceType } from '#api/resource.ts';
import type { Schema } from '#api/schema.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { fillZeroFields } from '#api/zero-fields.ts';

/** What a built-in kind says of itself; the rest has the value that most kinds have. */
export type ResourceDefinition<T extends KubeObject> = Pick<
  ResourceType<T>,
  'group' | 'version' | 'kind' | 'plural' | 'schema'
> &
  Partial<ResourceType<T>> & {
    /** Required fields that are absent get their zero value before defaults; `validate` says which zeros are wrong. */
    readonly fillsZeros?: boolean;
  };

/**
 * A built-in kind. `applyDefaults` of the result first gives the object the `spec` that its definition has, and `validate`
 * first reports missing fields, so that a kind's own functions may rely on its type: `applyDefaults` on all but required
 * fields below `spec`, `validate` on all.
 */
export function defineResource<T extends KubeObject>(definition: ResourceDefinition<T>): ResourceType<T> {
  const { fillsZeros = false, ...type } = definition;
  const { schema, validate } = type;
  const applyDefaults = (object: T): void => {
    fillSpec(object, BUILTIN_SCHEMAS.get(schema));
    fillZeroFields(object, schema, { schemas: BUILTIN_SCHEMAS, podsOnly: !fillsZeros });
    definition.applyDefaults?.(object);
  };
  return {
    singular: definition.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    subresources: [],
    columns: [NAME_COLUMN, AGE_COLUMN],
    selectableFields: {},
    hasGeneration: true,
    ...type,
    applyDefaults,
    validate(object: T, old: T | undefined, subresource?: string) {
      const missing = missingFields(object, schema, BUILTIN_SCHEMAS);
      if (missing.length > 0 && !fillsZeros) return missing;
      const known = old === undefined || isSameContent(object, old) ? old : defaulted(old, applyDefaults);
      const errors = validate?.(object, known, subresource) ?? [];
      return errors.length > 0 ? errors : missing;
    },
  };
}

/** Whether all but metadata and status are the very same values: {@link defaulted} would change nothing then. */
export function isSameContent(object: KubeObject, old: KubeObject): boolean {
  const before = old as unknown as JsonObject;
  const after = object as unknown as JsonObject;
  return Object.keys({ ...before, ...after }).every(
    (name) => name === 'metadata' || name === 'status' || before[name] === after[name],
  );
}

/**
 * A stored object with today's defaults: it may have been written before a field had one, and a field that is only filled in
 * has not been changed.
 */
function defaulted<T extends KubeObject>(stored: T, applyDefaults: (object: T) => void): T {
  const copy = copyObject(stored as unknown as JsonObject) as unknown as T;
  applyDefaults(copy);
  return copy;
}

function fillSpec(object: KubeObject, schema: Schema): void {
  const fields = object as unknown as MutableJsonObject;
  if (schema.type === 'object' && 'spec' in schema.properties && !isMutableObject(fields.spec))
    fields.spec = {};
}
