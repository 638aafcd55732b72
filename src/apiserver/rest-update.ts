import { isDeepStrictEqual } from 'node:util';
import { invalidValue } from '#api/field-errors.ts';
import { equalJson, type JsonObject, type MutableJson, type MutableJsonObject } from '#api/json.ts';
import { validateMetadata } from '#api/metadata.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { conflict, invalid, notFound, ShownValue, type StatusError } from '#api/status.ts';
import { mayUpdateUnconditionally } from '#api/unconditional-update.ts';
import { type Admission, commitAdmitted } from '#apiserver/admission/chain.ts';
import { hasStorageVersion, servedEntry } from '#apiserver/custom/stored-form.ts';
import { encodeStored, encodeWithinLimit, subjectOf, withRevision } from '#apiserver/encoded-write.ts';
import { recordManager } from '#apiserver/field-managers.ts';
import { addWarnings } from '#apiserver/request-notes.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { isNamespace, keepServerFields, namespaceFinalizers } from '#apiserver/server-fields.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import type { Entry, Operation } from '#store/store.ts';

/** How often a write without a resourceVersion of its own is tried again when another one came first. */
const UPDATE_ATTEMPTS_MAX = 8;

/** A change of an existing object. */
export interface UpdateRequest extends WriteRequest {
  readonly namespace: string | undefined;
  readonly name: string;
  /** `status`: only the status changes. Undefined: all but the status. Others (`scale`, `binding`): as undefined. */
  readonly subresource: string | undefined;
  /**
   * Makes the new object out of the current one, which it may change. A `metadata.resourceVersion` in the result must be
   * the current one.
   */
  readonly change: (current: KubeObject) => KubeObject | Promise<KubeObject>;
  /** The change leaves the current object as it is, and what it makes shares nothing with it but `managedFields`. */
  readonly keepsCurrent?: true;
  /** The change keeps `managedFields` itself (server-side apply). */
  readonly managesFields?: boolean;
}

/** Reads, changes, checks and commits; where another write came first, again, unless the client named its resourceVersion. */
export async function updateObject(
  context: RestContext,
  type: ResourceType,
  request: UpdateRequest,
): Promise<Entry> {
  const key = objectStoreKey(type, request);
  return context.turns.run(key, () => updateByKey(context, type, { ...request, key }));
}

async function updateByKey(
  context: RestContext,
  type: ResourceType,
  request: UpdateRequest & { readonly key: string },
): Promise<Entry> {
  for (let attempt = 1; ; attempt++) {
    const stored = await context.store.get(request.key);
    if (stored === undefined) throw notFound(subjectOf(type, request.name));
    const entry = await servedEntry(type, stored, context.convert);
    const old = decodeObject(entry.value);
    const next = await request.change(request.keepsCurrent === true ? old : decodeObject(entry.value));
    const demanded = next.metadata.resourceVersion ?? '';
    if (demanded === '' && !mayUpdateUnconditionally(type)) throw unconditional(type, request.name);
    if (demanded !== '' && demanded !== old.metadata.resourceVersion) {
      throw conflict(
        subjectOf(type, request.name),
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
    keepServerFields(type, { request, old, next });
    const admission =
      request.subresource === 'binding'
        ? undefined
        : context.admission.begin({ ...request, operation: 'update', type, object: next, old });
    try {
      await prepareUpdate(context, type, { request, old, next, admission });
      const written = await commitUpdate(context, type, {
        entry,
        stored,
        next,
        old,
        request,
        admission,
      });
      if (written !== undefined) return written;
    } finally {
      admission?.end();
    }
    if (attempt >= UPDATE_ATTEMPTS_MAX) {
      throw conflict(
        subjectOf(type, request.name),
        `it was changed ${attempt} times by others meanwhile; please try again`,
      );
    }
  }
}

/** 422, with the version in the form in which Kubernetes says that there is none. */
function unconditional({ kind, group }: ResourceType, name: string): StatusError {
  const none = new ShownValue('0x0');
  return invalid({ kind, group, name }, [
    invalidValue('metadata.resourceVersion', none, 'must be specified for an update'),
  ]);
}

async function prepareUpdate(
  context: RestContext,
  type: ResourceType,
  {
    request,
    old,
    next,
    admission,
  }: {
    readonly request: UpdateRequest;
    readonly old: KubeObject;
    readonly next: KubeObject;
    readonly admission: Admission | undefined;
  },
): Promise<void> {
  type.applyDefaults(next);
  // As at a creation: what the server and its policies make of the change is nobody's.
  if (request.managesFields !== true)
    recordManager(context, type, {
      before: old,
      after: next,
      fieldManager: request.fieldManager,
      subresource: request.subresource,
    });
  type.prepare?.(next, old);
  await admission?.mutate();
  shareUnchanged(next, old);
  const errors = validateMetadata(next.metadata, type, old.metadata);
  const isStatus = request.subresource === 'status' && type.custom === undefined;
  errors.push(
    ...(isStatus ? (type.validateStatus?.(next, old) ?? []) : type.validate(next, old, request.subresource)),
  );
  if (errors.length > 0)
    throw invalid({ kind: type.kind, group: type.group, name: next.metadata.name }, errors);
  if (!isStatus) addWarnings(request.notes, type.warnings?.(next, old));
  if (type.hasGeneration) {
    next.metadata.generation = (old.metadata.generation ?? 1) + (isSameSpec(type, old, next) ? 0 : 1);
  }
  await admission?.validate();
}

/**
 * Takes from the old object what is the same in the new one, which nobody changes in place any more: from then on a look tells
 * what was changed, and what was not.
 */
function shareUnchanged(next: KubeObject, old: KubeObject): void {
  shareFields(next as unknown as MutableJsonObject, old as unknown as JsonObject);
  shareFields(next.metadata as unknown as MutableJsonObject, old.metadata as unknown as JsonObject);
}

function shareFields(next: MutableJsonObject, old: JsonObject): void {
  for (const name of Object.keys(next)) {
    const value = old[name];
    if (value !== undefined && next[name] !== value && equalJson(next[name], value))
      next[name] = value as MutableJson;
  }
}

/** Everything but metadata, and the status where it has an endpoint of its own, is the spec that `generation` counts. */
function isSameSpec(type: ResourceType, a: KubeObject, b: KubeObject): boolean {
  const hasStatus = type.custom === undefined || type.subresources.includes('status');
  const specOf = ({ metadata: _m, ...rest }: KubeObject & { status?: unknown }): Json =>
    (hasStatus ? { ...rest, status: undefined } : rest) as Json;
  return equalJson(specOf(a), specOf(b));
}

/** The entry as written, or undefined where another write came first. */
async function commitUpdate(
  context: RestContext,
  type: ResourceType,
  update: {
    /** What was there, as it is served. */
    readonly entry: Entry;
    readonly stored: Entry;
    readonly old: KubeObject;
    readonly next: KubeObject;
    readonly request: UpdateRequest;
    readonly admission: Admission | undefined;
  },
): Promise<Entry | undefined> {
  const { entry, old, next, request, admission } = update;
  if (isUnchanged(old, next) && hasStorageVersion(type, update.stored.value)) return entry;
  const encoded = { key: entry.key, ...encodeWithinLimit(next) };
  if (request.dryRun) return withRevision(encoded, entry.revision);
  const precondition = { type: 'revision', revision: entry.revision } as const;
  const stored = { key: entry.key, ...(await encodeStored(context, type, next, encoded)) };
  const operation: Operation = isFinished(type, next)
    ? { type: 'delete', ...stored, precondition }
    : { type: 'put', ...stored, precondition, ...(isStepOfDeletion(old, next) ? { makesRoom: true } : {}) };
  const result = await commitAdmitted(context.store, admission, operation);
  return result.type === 'committed' ? withRevision(encoded, result.revision) : undefined;
}

/** A write that changes nothing is no write: the resourceVersion stays. Times of managed fields alone are no change. */
function isUnchanged(old: KubeObject, next: KubeObject): boolean {
  // What most patches change, and what differs after any change of the spec, before all the rest.
  const { generation, annotations, labels } = old.metadata;
  if (generation !== next.metadata.generation) return false;
  if (!isDeepStrictEqual(annotations, next.metadata.annotations)) return false;
  if (!isDeepStrictEqual(labels, next.metadata.labels)) return false;
  const timeless = (entry: unknown): unknown => ({ ...(entry as object), time: undefined });
  const essence = ({ metadata, ...rest }: KubeObject): unknown => ({
    ...rest,
    metadata: {
      ...metadata,
      resourceVersion: undefined,
      managedFields: metadata.managedFields?.map(timeless),
    },
  });
  return isDeepStrictEqual(essence(old), essence(next));
}

/** Whether all that a terminating object loses is finalizers. */
function isStepOfDeletion(old: KubeObject, next: KubeObject): boolean {
  if (old.metadata.deletionTimestamp === undefined) return false;
  const before = old.metadata.finalizers ?? [];
  const after = next.metadata.finalizers ?? [];
  if (after.length >= before.length || after.some((finalizer) => !before.includes(finalizer))) return false;
  const others = ({ metadata, ...rest }: KubeObject): unknown => ({
    ...rest,
    metadata: { ...metadata, finalizers: undefined, managedFields: undefined },
  });
  return isDeepStrictEqual(others(old), others(next));
}

/** Whether a terminating object has nothing left to wait for. */
function isFinished(type: ResourceType, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return false;
  if (isNamespace(type)) return namespaceFinalizers(object).length === 0;
  return (deletionGracePeriodSeconds ?? 0) === 0;
}
