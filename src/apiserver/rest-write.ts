import { isDeepStrictEqual } from 'node:util';
import { equalJson, type JsonObject, type MutableJson, type MutableJsonObject } from '#api/json.ts';
import { validateMetadata } from '#api/metadata.ts';
import type { Json, KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType, resourceName } from '#api/resource.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  notFound,
  StatusError,
  type StatusSubject,
} from '#api/status.ts';
import { type Admission, commitAdmitted } from '#apiserver/admission/chain.ts';
import { hasStorageVersion, servedEntry, storedForm } from '#apiserver/custom/stored-form.ts';
import { recordCreator, recordManager } from '#apiserver/field-managers.ts';
import { utf8 } from '#apiserver/request.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { decodeObject, type EncodedObject, encodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import { type Entry, type Operation, VALUE_BYTES_MAX } from '#store/store.ts';
import { assert } from '#system/assert.ts';
import { timestamp } from '#system/clock.ts';
import { randomSuffix, randomUuid } from '#system/random.ts';

/** How often a write without a resourceVersion of its own is tried again when another one came first. */
const UPDATE_ATTEMPTS_MAX = 8;

/** How often a generated name, or an address, that is taken is drawn again. */
const CREATE_ATTEMPTS_MAX = 8;

/** The longest prefix that `generateName` keeps, so that the whole name fits a label: upstream's `maxGeneratedNameLength`. */
const GENERATE_NAME_PREFIX_CHARS_MAX = 58;

/** The largest object that is kept, in bytes: deleting one, which adds to it, must still fit into the store. */
const OBJECT_BYTES_MAX = VALUE_BYTES_MAX - 4096;

/** Which object, for errors. */
export function subjectOf(type: ResourceType, name: string): StatusSubject {
  return { resource: type.plural, group: type.group, name };
}

/** A new object, which the request gives away. */
export interface CreateRequest extends WriteRequest {
  readonly object: KubeObject;
  readonly namespace: string | undefined;
  /** The object keeps `managedFields` itself (server-side apply). */
  readonly managesFields?: boolean;
}

/** The object as the client sent it, as a new object of its kind: named, dated, defaulted, admitted, validated, stored. */
export async function createObject(
  context: RestContext,
  type: ResourceType,
  request: CreateRequest,
): Promise<Entry> {
  const generated = request.object.metadata.name === undefined || request.object.metadata.name === '';
  const target = { operation: 'create', type, subresource: undefined } as const;
  const mayBeginAgain = generated || context.admission.mayBeginAgain(target);
  for (let attempt = 1; ; attempt++) {
    const object = mayBeginAgain ? structuredClone(request.object) : request.object;
    fillCreateMetadata(context, type, { ...request, object });
    const admission = context.admission.begin({ ...request, ...target, object, old: undefined });
    try {
      const written = await createAdmitted(context, type, { ...request, object, admission });
      if (typeof written !== 'string') return written;
      const isDrawnAgain = written === 'taken' ? generated : mayBeginAgain;
      if (isDrawnAgain && attempt < CREATE_ATTEMPTS_MAX) continue;
      const subject = subjectOf(type, object.metadata.name);
      throw written === 'taken' ? alreadyExists(subject) : overtaken(subject);
    } finally {
      admission?.end();
    }
  }
}

/** The entry as written; or that its name is taken, or what is written with it. */
async function createAdmitted(
  context: RestContext,
  type: ResourceType,
  request: CreateRequest & { readonly admission: Admission | undefined },
): Promise<Entry | 'taken' | 'overtaken'> {
  const { object, admission } = request;
  const managers = await prepareCreate(context, type, request);
  const key = objectStoreKey(type, object.metadata);
  const entry = { key, ...encodeWithinLimit(object, managers) };
  if (request.dryRun) {
    if ((await context.store.get(key)) !== undefined)
      throw alreadyExists(subjectOf(type, object.metadata.name));
    return { key, value: utf8(JSON.stringify(object)), revision: context.store.revision };
  }
  const stored = await encodeStored(context, type, object, entry);
  const put = { type: 'put', key, ...stored, precondition: { type: 'absent' } } as const;
  request.notes.object = object.metadata;
  const result = await commitAdmitted(context.store, admission, put);
  if (result.type === 'committed') return withRevision(entry, result.revision);
  return result.key === key ? 'taken' : 'overtaken';
}

/** 409: what has to be written with the object changed again and again. */
function overtaken(subject: StatusSubject): StatusError {
  return conflict(subject, 'what is accounted with it was changed by others meanwhile; please try again');
}

/** Makes the object one that can be stored; returns the text of its managers where that is all that it has of them. */
async function prepareCreate(
  context: RestContext,
  type: ResourceType,
  request: CreateRequest & { readonly admission: Admission | undefined },
): Promise<string | undefined> {
  const { object, admission } = request;
  if (type.subresources.includes('status')) delete (object as { status?: unknown }).status;
  type.applyDefaults(object);
  type.prepare?.(object, undefined);
  await admission?.mutate();
  const errors = [...validateMetadata(object.metadata, type), ...type.validate(object, undefined)];
  if (errors.length > 0)
    throw invalid({ kind: type.kind, group: type.group, name: object.metadata.name }, errors);
  const managers = request.managesFields === true ? undefined : recordCreator(context, type, request);
  await admission?.validate();
  return managers;
}

function fillCreateMetadata(
  context: RestContext,
  type: ResourceType,
  request: { readonly object: KubeObject; readonly namespace: string | undefined },
): void {
  const { object } = request;
  object.apiVersion = apiVersionOf(type);
  object.kind = type.kind;
  const { metadata } = object;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  if ((metadata.name === undefined || metadata.name === '') && metadata.generateName) {
    const prefix = metadata.generateName.slice(0, GENERATE_NAME_PREFIX_CHARS_MAX);
    metadata.name = `${prefix}${randomSuffix(context.random)}`;
  }
  // Validation says that it is missing; until then nothing need reckon with that.
  metadata.name ??= '';
  setNamespace(object, type, request.namespace);
  metadata.uid = randomUuid(context.random);
  metadata.creationTimestamp = timestamp(context.clock.now());
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  if (type.hasGeneration) metadata.generation = 1;
  else delete metadata.generation;
}

/** The namespace of the path is the object's; one of its own must be the same. */
export function setNamespace(object: KubeObject, type: ResourceType, namespace: string | undefined): void {
  const { metadata } = object;
  if (!type.namespaced) {
    if (metadata.namespace) throw badRequest('namespace must not be set on a cluster-scoped object');
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (namespace === undefined || namespace === '')
    throw badRequest('an empty namespace may not be set during creation');
  metadata.namespace = namespace;
}

/** A change of an existing object. */
export interface UpdateRequest extends WriteRequest {
  readonly namespace: string | undefined;
  readonly name: string;
  /** `status`: only the status changes. Undefined: all but the status. Others (`scale`, `binding`): as undefined. */
  readonly subresource: string | undefined;
  /**
   * Makes the new object out of the current one, which it may change. A `metadata.resourceVersion` in the result must be
   * the current one. Undefined for `current` only where `createAbsent` is set.
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
    const demanded = next.metadata.resourceVersion;
    if (demanded !== undefined && demanded !== '' && demanded !== old.metadata.resourceVersion) {
      throw conflict(
        { ...subjectOf(type, request.name), resource: resourceName(type), group: '' },
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
  if (request.subresource !== 'status' || type.custom !== undefined) type.applyDefaults(next);
  type.prepare?.(next, old);
  await admission?.mutate();
  shareUnchanged(next, old);
  const errors = validateMetadata(next.metadata, type, old.metadata);
  if (request.subresource !== 'status' || type.custom !== undefined)
    errors.push(...type.validate(next, old, request.subresource));
  if (errors.length > 0)
    throw invalid({ kind: type.kind, group: type.group, name: next.metadata.name }, errors);
  if (type.hasGeneration) {
    next.metadata.generation = (old.metadata.generation ?? 1) + (isSameSpec(type, old, next) ? 0 : 1);
  }
  if (request.managesFields !== true)
    recordManager(context, type, {
      before: old,
      after: next,
      fieldManager: request.fieldManager,
      subresource: request.subresource,
    });
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

/** What no client writes: identity, dates, and the half (spec or status) that this request is not about. */
function keepServerFields(
  type: ResourceType,
  {
    request,
    old,
    next,
  }: { readonly request: UpdateRequest; readonly old: KubeObject; readonly next: KubeObject },
): void {
  const { metadata } = next;
  if (metadata.name !== undefined && metadata.name !== old.metadata.name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${old.metadata.name})`,
    );
  }
  if (metadata.uid !== undefined && metadata.uid !== '' && metadata.uid !== old.metadata.uid) {
    throw conflict(
      subjectOf(type, request.name),
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (metadata.namespace && metadata.namespace !== old.metadata.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  next.apiVersion = apiVersionOf(type);
  next.kind = type.kind;
  metadata.name = old.metadata.name;
  // Where the client demands no certain state, the current one is it.
  metadata.resourceVersion = old.metadata.resourceVersion;
  metadata.uid = old.metadata.uid;
  metadata.creationTimestamp = old.metadata.creationTimestamp;
  copyOrDelete(metadata, old.metadata, [
    'namespace',
    'generateName',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
  ]);
  const halves = next as { spec?: unknown; status?: unknown };
  const oldHalves = old as { spec?: unknown; status?: unknown };
  if (request.subresource === 'status' || request.subresource === 'approval') {
    const { status } = halves;
    for (const field of Object.keys(next))
      if (field !== 'metadata') delete (next as unknown as Record<string, unknown>)[field];
    Object.assign(next, old, { metadata });
    if (status === undefined) delete halves.status;
    else halves.status = status;
    copyOrDelete(metadata, old.metadata, ['ownerReferences']);
    if (type.custom !== undefined)
      copyOrDelete(metadata, old.metadata, ['labels', 'annotations', 'finalizers']);
  } else if (type.subresources.includes('status') && request.subresource !== 'binding') {
    if (oldHalves.status === undefined) delete halves.status;
    else halves.status = oldHalves.status;
  }
  // As in Kubernetes, whatever else such a request changes of the spec is passed over.
  if (request.subresource === 'ephemeralcontainers') halves.spec = withEphemeralContainers(next, old);
  if (isNamespace(type) && request.subresource !== 'finalize')
    halves.spec = { ...(halves.spec as object | undefined), finalizers: namespaceFinalizers(old) };
}

function withEphemeralContainers(next: KubeObject, old: KubeObject): unknown {
  const { spec } = next as KubeObject & { spec?: { ephemeralContainers?: unknown } };
  const { spec: kept } = old as KubeObject & { spec?: object };
  const { ephemeralContainers: _, ...others } = { ...kept } as { ephemeralContainers?: unknown };
  const wanted = spec?.ephemeralContainers;
  return wanted === undefined ? others : { ...others, ephemeralContainers: wanted };
}

function isNamespace(type: ResourceType): boolean {
  return type.group === '' && type.kind === 'Namespace';
}

function copyOrDelete<T extends object>(target: T, source: T, fields: readonly (keyof T)[]): void {
  for (const field of fields) {
    if (source[field] === undefined) delete target[field];
    else target[field] = source[field];
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

/** The object in the form in which it is stored: for nearly every kind, as it is served. */
async function encodeStored(
  context: RestContext,
  type: ResourceType,
  object: KubeObject,
  served: EncodedObject,
): Promise<EncodedObject> {
  const stored = await storedForm(type, object, context.convert);
  const { value, revisionOffset } = stored === object ? served : encodeWithinLimit(stored);
  return { value, revisionOffset };
}

function encodeWithinLimit(object: KubeObject, managedFields?: string): EncodedObject {
  const encoded = encodeObject(object, managedFields);
  const { length } = encoded.value;
  if (length <= OBJECT_BYTES_MAX) return encoded;
  const message = `the object is ${length} bytes with what the server adds to it; at most ${OBJECT_BYTES_MAX} can be kept`;
  throw new StatusError('RequestEntityTooLarge', message);
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

/** The finalizers in a namespace's spec. */
export function namespaceFinalizers(namespace: KubeObject): readonly string[] {
  return (namespace as KubeObject & { spec?: { finalizers?: string[] } }).spec?.finalizers ?? [];
}

/** An entry with the revision that the store put into its value. */
export function withRevision(
  encoded: { readonly key: string; readonly value: Uint8Array; readonly revisionOffset: number },
  revision: number,
): Entry {
  const { key, value, revisionOffset } = encoded;
  assert(revisionOffset <= value.length, 'the revision stands inside the value');
  const digits = String(revision);
  const bytes = Buffer.allocUnsafe(value.length + digits.length);
  bytes.set(value.subarray(0, revisionOffset), 0);
  bytes.write(digits, revisionOffset, 'latin1');
  bytes.set(value.subarray(revisionOffset), revisionOffset + digits.length);
  return { key, value: bytes, revision };
}
