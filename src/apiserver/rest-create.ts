import { validateMetadata } from '#api/metadata.ts';
import { resetStatus } from '#api/new-status.ts';
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  otherNamespace,
  type StatusError,
  type StatusSubject,
} from '#api/status.ts';
import { type Admission, commitAdmitted } from '#apiserver/admission/chain.ts';
import { encodeStored, encodeWithinLimit, subjectOf, withRevision } from '#apiserver/encoded-write.ts';
import { recordCreator } from '#apiserver/field-managers.ts';
import { utf8 } from '#apiserver/request.ts';
import { addWarnings } from '#apiserver/request-notes.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { objectStoreKey } from '#apiserver/stored-object.ts';
import type { Entry } from '#store/store.ts';
import { timestamp } from '#system/clock.ts';
import { randomSuffix, randomUuid } from '#system/random.ts';

/** How often a generated name, or an address, that is taken is drawn again. */
const CREATE_ATTEMPTS_MAX = 8;

/** The longest prefix that `generateName` keeps, so that the whole name fits a label: upstream's `maxGeneratedNameLength`. */
const GENERATE_NAME_PREFIX_CHARS_MAX = 58;

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
  resetStatus(object, type);
  type.applyDefaults(object);
  // Whoever sent the object owns what it sent, and nobody what the server and its policies make of it.
  const managers = request.managesFields === true ? undefined : recordCreator(context, type, request);
  type.prepare?.(object, undefined);
  await admission?.mutate();
  const errors = [...validateMetadata(object.metadata, type), ...type.validate(object, undefined)];
  if (errors.length > 0)
    throw invalid({ kind: type.kind, group: type.group, name: object.metadata.name }, errors);
  addWarnings(request.notes, type.warnings?.(object, undefined));
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
    throw otherNamespace();
  }
  if (namespace === undefined || namespace === '')
    throw badRequest('an empty namespace may not be set during creation');
  metadata.namespace = namespace;
}
