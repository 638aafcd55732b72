import { elementsOf, type FieldSet, isEmptySet, LEAF, NO_FIELDS, unite } from '#api/apply-field-set.ts';
import { canonicalFields } from '#api/apply-fields-v1.ts';
import { fieldSchema } from '#api/apply-shape.ts';
import { isJsonArray, isJsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { Schema, SchemaSet } from '#api/schema.ts';
import { StatusError } from '#api/status.ts';
import { parseTimestamp } from '#system/clock.ts';

/** The most managers by update that an object keeps, as in Kubernetes; the oldest beyond are merged into one. */
const UPDATE_MANAGERS_MAX = 10;
/** The manager that the oldest ones are merged into. */
const ANCIENT_MANAGER = 'ancient-changes';
/** The most entries of managedFields altogether; more are refused with 422. */
export const MANAGERS_MAX = 1_000;

/** One manager and what it owns: an entry of `metadata.managedFields`. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** '' for the main resource. */
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** `metav1.ManagedFieldsEntry`. */
export type ManagedFieldsEntry = {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time?: string;
  fieldsType: 'FieldsV1';
  fieldsV1: Json;
  subresource?: string;
};

/** What makes two entries the same manager: an applier keeps its entry when it applies another version. */
export function managerIdentity(manager: Omit<FieldManager, 'fields' | 'time'>): string {
  const version = manager.operation === 'Apply' ? '' : manager.apiVersion;
  return JSON.stringify([manager.manager, manager.operation, version, manager.subresource]);
}

/** Managers by identity. */
export type FieldManagers = ReadonlyMap<string, FieldManager>;

/** Whether a client asks to forget all managers: `managedFields: []` or `[{}]`. */
export function isManagersReset(managedFields: unknown): boolean {
  if (!Array.isArray(managedFields)) return false;
  const [first] = managedFields as readonly unknown[];
  return (
    managedFields.length === 0 ||
    (managedFields.length === 1 && isJsonObject(first) && Object.keys(first).length === 0)
  );
}

/**
 * Reads `metadata.managedFields` of a stored object, written by {@link encodeManagers}: not checked again. Malformed entries
 * are left out. Throws Invalid where it has too many entries.
 */
export function readManagers(managedFields: Json | undefined): FieldManagers {
  const managers = new Map<string, FieldManager>();
  if (!isJsonArray(managedFields)) return managers;
  assertFewManagers(managedFields.length);
  for (const entry of managedFields) {
    const manager = readManager(entry, (fields) => (isJsonObject(fields) ? (fields as FieldSet) : undefined));
    if (manager !== undefined) managers.set(managerIdentity(manager), manager);
  }
  return managers;
}

/** Reads `metadata.managedFields` that a client sent. Undefined where it is malformed. Throws Invalid as above. */
export function parseManagers(managedFields: Json | undefined): FieldManagers | undefined {
  const managers = new Map<string, FieldManager>();
  if (managedFields === undefined || managedFields === null) return managers;
  if (!isJsonArray(managedFields)) return undefined;
  assertFewManagers(managedFields.length);
  for (const entry of managedFields) {
    const manager = readManager(entry, canonicalFields);
    if (manager === undefined) return undefined;
    managers.set(managerIdentity(manager), manager);
  }
  return managers;
}

function readManager(
  entry: Json,
  readFields: (fields: Json) => FieldSet | undefined,
): FieldManager | undefined {
  if (!isJsonObject(entry)) return undefined;
  const {
    manager = '',
    operation,
    apiVersion,
    subresource = '',
    time = null,
    fieldsType,
    fieldsV1 = {},
  } = entry;
  const fields = readFields(fieldsV1 ?? {});
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (typeof manager !== 'string' || typeof subresource !== 'string' || fieldsType !== 'FieldsV1')
    return undefined;
  if (typeof apiVersion !== 'string' || apiVersion === '' || fields === undefined) return undefined;
  return {
    manager,
    operation,
    apiVersion,
    subresource,
    time: typeof time === 'string' ? time : undefined,
    fields,
  };
}

/** Writes `metadata.managedFields`: appliers first, then by time and name. Throws Invalid where there are too many. */
export function encodeManagers(managers: FieldManagers): ManagedFieldsEntry[] {
  assertFewManagers(managers.size);
  return [...managers.values()].toSorted(compareManagers).map((manager) => ({
    manager: manager.manager,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time === undefined ? {} : { time: manager.time }),
    fieldsType: 'FieldsV1' as const,
    fieldsV1: manager.fields,
    ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
  }));
}

function assertFewManagers(count: number): void {
  if (count <= MANAGERS_MAX) return;
  const message = `metadata.managedFields: Too many: ${count}: must have at most ${MANAGERS_MAX} items`;
  throw new StatusError('Invalid', message, {
    details: { causes: [{ reason: 'FieldValueTooMany', message, field: 'metadata.managedFields' }] },
  });
}

function secondsOf(manager: FieldManager): number {
  return Math.floor((parseTimestamp(manager.time) ?? 0) / 1000);
}

function compareManagers(a: FieldManager, b: FieldManager): number {
  if (a.operation !== b.operation) return a.operation < b.operation ? -1 : 1;
  return secondsOf(a) - secondsOf(b) || compareTexts(a, b);
}

function compareTexts(a: FieldManager, b: FieldManager): number {
  const [left, right] = [managerIdentity(a), managerIdentity(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Merges the oldest managers by update, version by version, until {@link UPDATE_MANAGERS_MAX} are left. */
export function capManagers(managers: FieldManagers): FieldManagers {
  if (countUpdaters(managers) <= UPDATE_MANAGERS_MAX) return managers;
  const result = new Map(managers);
  const oldestOfVersion = new Map<string, FieldManager>();
  const updaters = [...managers.values()].filter(({ operation }) => operation === 'Update');
  for (const manager of updaters.toSorted(compareManagers)) {
    if (countUpdaters(result) <= UPDATE_MANAGERS_MAX) break;
    const oldest = oldestOfVersion.get(manager.apiVersion);
    if (oldest !== undefined) mergeAncient(result, oldest, manager);
    else oldestOfVersion.set(manager.apiVersion, manager);
  }
  return result;
}

function countUpdaters(managers: FieldManagers): number {
  return [...managers.values()].filter(({ operation }) => operation === 'Update').length;
}

/** Moves two managers of one version into the entry for ancient changes, with the time of the younger. */
function mergeAncient(
  managers: Map<string, FieldManager>,
  oldest: FieldManager,
  younger: FieldManager,
): void {
  const { apiVersion, time } = younger;
  const ancient = { manager: ANCIENT_MANAGER, operation: 'Update' as const, apiVersion, subresource: '' };
  const identities = [managerIdentity(oldest), managerIdentity(younger), managerIdentity(ancient)];
  const fields = identities.reduce(
    (set, identity) => unite(set, managers.get(identity)?.fields ?? NO_FIELDS),
    NO_FIELDS,
  );
  for (const identity of identities) managers.delete(identity);
  managers.set(managerIdentity(ancient), { ...ancient, time, fields });
}

/**
 * Brings old entries in line with the schema: where a container is atomic now, whoever owned something in it owns it whole.
 * With `along`, only where that set has paths. Source: structured-merge-diff `ReconcileFieldSetWithSchema`.
 */
export function reconcileWithSchema(
  managers: FieldManagers,
  { schema, schemas, along }: { schema: Schema; schemas: SchemaSet; along?: FieldSet },
): Map<string, FieldManager> {
  const result = new Map<string, FieldManager>();
  for (const [identity, manager] of managers) {
    const fields = reconcileFields(manager.fields, schema, { schemas, along });
    result.set(identity, fields === manager.fields ? manager : { ...manager, fields });
  }
  return result;
}

interface Reconciliation {
  readonly schemas: SchemaSet;
  readonly along: FieldSet | undefined;
}

function reconcileFields(
  set: FieldSet,
  schema: Schema | undefined,
  { schemas, along }: Reconciliation,
): FieldSet {
  const resolved = schema === undefined ? undefined : schemas.resolve(schema);
  if (resolved === undefined) return set;
  const struct = resolved.type === 'object' || resolved.type === 'map' ? resolved : undefined;
  const items = resolved.type === 'array' ? resolved.items : undefined;
  let result: Record<string, FieldSet> | undefined;
  for (const element of elementsOf(along ?? set)) {
    const node = set[element];
    if (node === undefined || isEmptySet(node)) continue;
    const child = element.startsWith('f:') ? fieldSchema(struct, element.slice(2)) : items;
    const reconciled = reconcileNode(node, child, { schemas, along: along?.[element] });
    if (reconciled === node) continue;
    result ??= { ...set };
    result[element] = reconciled;
  }
  return result ?? set;
}

function reconcileNode(node: FieldSet, schema: Schema | undefined, reconciliation: Reconciliation): FieldSet {
  if (schema === undefined) return node;
  const resolved = reconciliation.schemas.resolve(schema);
  const isAtomicList =
    resolved.type === 'array' && resolved.listType !== 'set' && resolved.listType !== 'map';
  const isAtomicObject =
    (resolved.type === 'object' || resolved.type === 'map') && resolved.mapType === 'atomic';
  return isAtomicList || isAtomicObject ? LEAF : reconcileFields(node, resolved, reconciliation);
}
