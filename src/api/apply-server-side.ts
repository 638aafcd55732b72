import { appliedFaults } from '#api/apply-check.ts';
import { type ApplyConflict, conflictError } from '#api/apply-conflict.ts';
import { isEmptySet, NO_FIELDS, subtract, subtractDeep, unite } from '#api/apply-field-set.ts';
import { fieldsOf } from '#api/apply-field-walk.ts';
import { fieldsLastApplied, KUBECTL_MANAGER, refreshLastApplied } from '#api/apply-last-applied.ts';
import {
  encodeManagers,
  type FieldManager,
  type FieldManagers,
  managerIdentity,
  readManagers,
  reconcileWithSchema,
} from '#api/apply-managers.ts';
import { mergeApplied } from '#api/apply-merge.ts';
import { pruneFields } from '#api/apply-prune.ts';
import {
  type FieldWrite,
  fieldsInConflict,
  managersOf,
  recordChanges,
  significantChanges,
  takeFromOthers,
  withoutManagers,
  withoutServerFields,
} from '#api/apply-record.ts';
import {
  copyJson,
  equalJson,
  isJsonObject,
  isMutableObject,
  type JsonObject,
  type MutableJsonObject,
  setProperty,
} from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { badRequest } from '#api/status.ts';

/** What {@link applyServerSide} applies. */
export interface ServerSideApply extends FieldWrite {
  /** The stored object; undefined where the apply creates it. */
  readonly live: JsonObject | undefined;
  /** The configuration as the client sent it: not defaulted, and without `metadata.managedFields`. */
  readonly applied: JsonObject;
  /** Take fields from other managers instead of a conflict. */
  readonly force: boolean;
}

/** The manager that owns what an object had before it was first applied, if nobody did. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * Server-side apply: the live object with the configuration merged in, without the fields that this manager applied before and
 * no longer applies and that nobody else owns, and with `metadata.managedFields` kept. Not defaulted or validated yet.
 * The result shares nothing with its inputs; a field that no schema knows, and every null of the configuration, are treated
 * as structured-merge-diff does.
 *
 * Throws Conflict (409, a cause for each field) where the configuration changes fields that others own, unless `force`;
 * BadRequest where it does not fit the schema, has another kind or version, or sets managedFields; Invalid for too many
 * managers. Source: KEP-555, structured-merge-diff `Updater.Apply`.
 */
export function applyServerSide(apply: ServerSideApply): MutableJsonObject {
  assertApplicable(apply);
  const { applied, schema, schemas } = apply;
  const live = withoutManagers(apply.live ?? {});
  const before = reconcileWithSchema(managersOfLive(apply), { schema, schemas });
  const self = selfOf(apply);
  const identity = managerIdentity(self);
  const managers = new Map(before).set(identity, self);
  const owned = [...managers.values()].reduce((set, manager) => unite(set, manager.fields), NO_FIELDS);
  const last = before.get(identity)?.fields ?? NO_FIELDS;
  const merged = mergeApplied(live, applied, schema, schemas);
  const result = isEmptySet(last) ? merged : pruneFields(merged, { last, owned, schema, schemas });
  const changes = significantChanges(live, result, apply);
  if (!apply.force) assertNoConflict(apply, conflictsOf(managers, identity, changes));
  const after = takeFromOthers(managers, changes, identity);
  settleSelf(after, identity, before.get(identity), !equalJson(live, result));
  if (apply.manager === KUBECTL_MANAGER) refreshLastApplied(result, applied);
  return withManagers(result, after);
}

function assertApplicable({ live, applied, schema, schemas }: ServerSideApply): void {
  if (managersOf(applied) !== undefined && managersOf(applied) !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  if (live !== undefined && applied['apiVersion'] !== live['apiVersion']) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${textOf(applied['apiVersion'])}, expected: ${textOf(live['apiVersion'])}`,
    );
  }
  if (live !== undefined && applied['kind'] !== live['kind']) {
    throw badRequest(
      `invalid object type: ${textOf(applied['apiVersion'])}, Kind=${textOf(applied['kind'])}`,
    );
  }
  const faults = appliedFaults(applied, schema, schemas);
  if (faults.length > 0)
    throw badRequest(`failed to create typed patch object (${nameOf(applied)}): ${faults.join('\n')}`);
}

function nameOf(object: JsonObject): string {
  const metadata = object['metadata'];
  const { namespace, name } = isJsonObject(metadata) ? metadata : {};
  return `${textOf(namespace)}/${textOf(name)}; ${textOf(object['apiVersion'])}, Kind=${textOf(object['kind'])}`;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The managers of the live object. What nobody owns is given to one that stands for the time before the first apply. */
function managersOfLive(apply: ServerSideApply): FieldManagers {
  const managers = readManagers(managersOf(apply.live));
  if (managers.size > 0 || apply.live === undefined) return managers;
  return recordChanges(managers, {
    ...apply,
    before: undefined,
    after: apply.live,
    manager: BEFORE_FIRST_APPLY,
    subresource: '',
  });
}

function selfOf({
  applied,
  manager,
  subresource,
  time,
  schema,
  schemas,
  ignored = NO_FIELDS,
}: ServerSideApply): FieldManager {
  const fields = subtractDeep(fieldsOf(applied, schema, schemas), ignored);
  return {
    manager,
    operation: 'Apply',
    apiVersion: textOf(applied['apiVersion']),
    subresource,
    time,
    fields,
  };
}

function conflictsOf(
  managers: FieldManagers,
  self: string,
  changes: Parameters<typeof fieldsInConflict>[1],
): ApplyConflict[] {
  return [...managers]
    .filter(([identity]) => identity !== self)
    .map(([, manager]) => ({ manager, fields: fieldsInConflict(manager, changes) }))
    .filter(({ fields }) => !isEmptySet(fields));
}

/** kubectl takes over what its own client-side apply set, unless something else is in conflict too. */
function assertNoConflict(
  { live, manager, schema, schemas }: ServerSideApply,
  conflicts: readonly ApplyConflict[],
): void {
  if (conflicts.length === 0) return;
  const allowed =
    manager === KUBECTL_MANAGER && live !== undefined
      ? fieldsLastApplied(withoutManagers(live), schema, schemas)
      : NO_FIELDS;
  const refused = conflicts
    .map((conflict) => ({ ...conflict, fields: subtract(conflict.fields, allowed) }))
    .filter(({ fields }) => !isEmptySet(fields));
  if (refused.length > 0) throw conflictError(refused);
}

/** The applying manager's entry: no server fields, gone where it owns nothing, a new time only where anything changed. */
function settleSelf(
  managers: Map<string, FieldManager>,
  identity: string,
  previous: FieldManager | undefined,
  isObjectChanged: boolean,
): void {
  const self = managers.get(identity);
  const fields = withoutServerFields(self?.fields ?? NO_FIELDS);
  if (self === undefined || isEmptySet(fields)) {
    managers.delete(identity);
    return;
  }
  const isChanged = isObjectChanged || previous === undefined || !equalJson(previous.fields, fields);
  managers.set(identity, { ...self, fields, time: isChanged ? self.time : previous.time });
}

function withManagers(object: MutableJsonObject, managers: FieldManagers): MutableJsonObject {
  if (managers.size === 0) return object;
  const metadata = object['metadata'];
  const target = isMutableObject(metadata) ? metadata : {};
  setProperty(target, 'managedFields', copyJson(encodeManagers(managers)));
  setProperty(object, 'metadata', target);
  return object;
}
