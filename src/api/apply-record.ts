import { SERVER_METADATA } from '#api/apply-created-fields.ts';
import {
  type FieldSet,
  fieldSetOfNames,
  intersect,
  isEmptySet,
  NO_FIELDS,
  subtract,
  subtractDeep,
  unite,
} from '#api/apply-field-set.ts';
import { changedFields, type FieldChanges } from '#api/apply-field-walk.ts';
import {
  capManagers,
  encodeManagers,
  type FieldManager,
  type FieldManagers,
  isManagersReset,
  type ManagedFieldsEntry,
  managerIdentity,
  parseManagers,
  readManagers,
  reconcileWithSchema,
} from '#api/apply-managers.ts';
import { equalJson, isJsonObject, type JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { Schema, SchemaSet } from '#api/schema.ts';

/** Who writes, when and by what schema. */
export interface FieldWrite {
  /** The field manager that the client names; `unknown` where it is empty. */
  readonly manager: string;
  /** '' for the main resource. */
  readonly subresource: string;
  /** The time of the write as `metav1.Time`. */
  readonly time: string;
  readonly schema: Schema;
  readonly schemas: SchemaSet;
  /** Fields that the endpoint resets, hence nobody comes to own: `status` on the main resource, all else on `/status`. */
  readonly ignored?: FieldSet;
}

/** What {@link recordUpdate} compares. */
export interface UpdateRecord extends FieldWrite {
  /** The stored object; undefined on create. */
  readonly before: JsonObject | undefined;
  /** The object as it will be stored, defaulted and admitted; its `managedFields` are what the client sent. */
  readonly after: JsonObject;
}

/** Fields that the server owns: nobody manages them. */
const SERVER_FIELDS = fieldSetOfNames([
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...[...SERVER_METADATA].map((field) => ['metadata', field]),
]);

/**
 * The `metadata.managedFields` of an object after a create, update or patch (everything but server-side apply): the manager
 * owns what it changed, nobody else does, and removed fields are owned by nobody. Undefined where the object has none: after
 * the client reset them with `[]` or `[{}]`, until it is next applied. On a subresource the client cannot set them.
 * Source: apimachinery `managedfields` and structured-merge-diff `Updater.Update`. Throws Invalid for too many managers.
 */
export function recordUpdate(record: UpdateRecord): ManagedFieldsEntry[] | undefined {
  const managers = managersBefore(record);
  const isUpdate = record.before !== undefined;
  if (managers.size === 0 && isUpdate) return undefined;
  const recorded = recordChanges(managers, record);
  return recorded.size === 0 ? undefined : encodeManagers(recorded);
}

/** As {@link recordUpdate}, on managers that are already read. `before` undefined is an object without any field. */
export function recordChanges(managers: FieldManagers, record: UpdateRecord): FieldManagers {
  const { before = {}, after, schema, schemas, manager: name, subresource, time } = record;
  const changes = significantChanges(before, after, record);
  const along = changedPaths(changes);
  const others = takeFromOthers(
    reconcileWithSchema(managers, { schema, schemas, along }),
    changes,
    undefined,
  );
  const fields = withoutServerFields(unite(changes.modified, changes.added));
  if (isEmptySet(fields)) return capManagers(others);
  const apiVersion = typeof after['apiVersion'] === 'string' ? after['apiVersion'] : '';
  const self = {
    manager: name === '' ? 'unknown' : name,
    operation: 'Update' as const,
    apiVersion,
    subresource,
  };
  const identity = managerIdentity(self);
  others.set(identity, { ...self, time, fields: unite(fields, others.get(identity)?.fields ?? NO_FIELDS) });
  return capManagers(others);
}

/** What changed, without the fields that the endpoint ignores and without `metadata.managedFields`. */
export function significantChanges(before: JsonObject, after: JsonObject, write: FieldWrite): FieldChanges {
  const changes = changedFields(withoutManagers(before), withoutManagers(after), write.schema, write.schemas);
  const { ignored = NO_FIELDS } = write;
  return {
    added: subtractDeep(changes.added, ignored),
    modified: subtractDeep(changes.modified, ignored),
    removed: subtractDeep(changes.removed, ignored),
  };
}

/** Everything that came, went or became something else. */
function changedPaths(changes: FieldChanges): FieldSet {
  return unite(unite(changes.modified, changes.added), changes.removed);
}

/** Every manager but `except` loses what was changed or removed; one that is left with nothing is dropped. */
export function takeFromOthers(
  managers: FieldManagers,
  changes: FieldChanges,
  except: string | undefined,
): Map<string, FieldManager> {
  const lost = changedPaths(changes);
  const result = new Map<string, FieldManager>();
  for (const [identity, manager] of managers) {
    const fields = identity === except ? manager.fields : subtract(manager.fields, lost);
    if (!isEmptySet(fields))
      result.set(identity, fields === manager.fields ? manager : { ...manager, fields });
  }
  return result;
}

/** The fields of the others that an apply changes or adds. */
export function fieldsInConflict(manager: FieldManager, changes: FieldChanges): FieldSet {
  return intersect(manager.fields, unite(changes.modified, changes.added));
}

export function withoutServerFields(fields: FieldSet): FieldSet {
  return subtract(fields, SERVER_FIELDS);
}

/** The object without `metadata.managedFields`; shares all else. */
export function withoutManagers(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  if (!isJsonObject(metadata) || !Object.hasOwn(metadata, 'managedFields')) return object;
  const { managedFields: _managedFields, ...rest } = metadata;
  return { ...object, metadata: rest };
}

/** `metadata.managedFields` as it stands. */
export function managersOf(object: JsonObject | undefined): Json | undefined {
  const metadata = object?.['metadata'];
  return isJsonObject(metadata) ? metadata['managedFields'] : undefined;
}

/** What the client sent, where it sent a list that can be read; else what is stored. */
function managersBefore({ before, after, subresource }: UpdateRecord): FieldManagers {
  const stored = managersOf(before);
  const sent = managersOf(after);
  if (subresource !== '' || sent === undefined || equalJson(sent, stored)) return readManagers(stored);
  if (isManagersReset(sent)) return new Map();
  const parsed = parseManagers(sent);
  return parsed === undefined || parsed.size === 0 ? readManagers(stored) : parsed;
}
