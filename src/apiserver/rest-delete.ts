import {
  CLEANUP_FINALIZER,
  type CustomResourceDefinition,
  type CustomResourceDefinitionCondition,
} from '#api/apiextensions/custom-resource-definition.ts';
import type { DeleteOptions } from '#api/meta/delete-options.ts';
import type { KubeObject } from '#api/object.ts';
import { orphansByDefault, orphanWarnings } from '#api/orphaned-dependents.ts';
import type { ResourceType } from '#api/resource.ts';
import { conflict, notFound } from '#api/status.ts';
import { type Admission, commitAdmitted } from '#apiserver/admission/chain.ts';
import { servedEntry, storedForm } from '#apiserver/custom/stored-form.ts';
import { subjectOf, withRevision } from '#apiserver/encoded-write.ts';
import { addWarnings } from '#apiserver/request-notes.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { isNamespace, namespaceFinalizers } from '#apiserver/server-fields.ts';
import { decodeObject, encodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import type { Entry, Operation } from '#store/store.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

export interface DeleteRequest extends WriteRequest {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly options: DeleteOptions;
}

/** How often a deletion is tried again when another write came first; then it is a Conflict. */
const DELETE_ATTEMPTS_MAX = 8;

/** A pod's grace period where neither the request nor the pod says, in seconds (core/v1 PodSpec). */
const POD_GRACE_SECONDS = 30;

/** The longest grace period, in seconds: ten years; a longer one is lowered to this. */
const POD_GRACE_SECONDS_MAX = 10 * 365 * 24 * 3600;

/** What a deletion left: the last state of an object that is gone, or the state of one that is terminating. */
export interface DeleteResult {
  readonly entry: Entry;
  readonly gone: boolean;
}

/**
 * Deletes at once, or marks as terminating what has finalizers, a grace period (pods) or content (namespaces). Deleting a
 * terminating object again changes nothing, but may shorten a pod's grace.
 */
export async function deleteObject(
  context: RestContext,
  type: ResourceType,
  request: DeleteRequest,
): Promise<DeleteResult> {
  const key = objectStoreKey(type, request);
  addWarnings(request.notes, orphanWarnings(type, request.options));
  return context.turns.run(key, () => deleteByKey(context, type, { ...request, key }));
}

async function deleteByKey(
  context: RestContext,
  type: ResourceType,
  request: DeleteRequest & { readonly key: string },
): Promise<DeleteResult> {
  for (let attempt = 1; ; attempt++) {
    const stored = await context.store.get(request.key);
    if (stored === undefined) throw notFound(subjectOf(type, request.name));
    const entry = await servedEntry(type, stored, context.convert);
    const old = decodeObject(entry.value);
    checkPreconditions(type, old, request);
    const admission = context.admission.begin({
      ...request,
      operation: 'delete',
      type,
      object: old,
      old,
      subresource: undefined,
      deleteOptions: request.options,
    });
    try {
      await admission?.mutate();
      await admission?.validate();
      const next = terminating(context, type, {
        object: decodeObject(entry.value),
        options: request.options,
      });
      const done = await commitDelete(context, type, { entry, old, next, admission, dryRun: request.dryRun });
      if (done !== undefined) return done;
    } finally {
      admission?.end();
    }
    if (attempt >= DELETE_ATTEMPTS_MAX) {
      throw conflict(
        subjectOf(type, request.name),
        `it was changed ${attempt} times by others meanwhile; please try again`,
      );
    }
  }
}

/** Undefined where another write came first. */
async function commitDelete(
  context: RestContext,
  type: ResourceType,
  deletion: {
    entry: Entry;
    old: KubeObject;
    next: KubeObject | 'gone';
    admission: Admission | undefined;
    dryRun: boolean;
  },
): Promise<DeleteResult | undefined> {
  const { entry, old, next, admission, dryRun } = deletion;
  const gone = next === 'gone';
  const last = gone ? old : next;
  const encoded = { key: entry.key, ...encodeObject(last) };
  if (dryRun) return { entry: withRevision(encoded, entry.revision), gone };
  const form = await storedForm(type, last, context.convert);
  const stored = form === last ? encoded : { key: entry.key, ...encodeObject(form) };
  const precondition = { type: 'revision', revision: entry.revision } as const;
  if (!gone && JSON.stringify(next) === JSON.stringify(old)) return { entry, gone };
  const operation: Operation = gone
    ? { type: 'delete', ...stored, precondition }
    : { type: 'put', ...stored, precondition, makesRoom: true };
  const result = await commitAdmitted(context.store, admission, operation);
  return result.type === 'committed' ? { entry: withRevision(encoded, result.revision), gone } : undefined;
}

function checkPreconditions(type: ResourceType, object: KubeObject, request: DeleteRequest): void {
  const { uid, resourceVersion } = request.options.preconditions ?? {};
  const subject = { ...subjectOf(type, request.name), resource: type.kind };
  if (uid !== undefined && uid !== object.metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${object.metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${object.metadata.resourceVersion}). The object might have been modified`;
    throw conflict(subject, why);
  }
}

/** The state after a delete request: gone, or marked with a deletion time that never moves back. */
function terminating(
  context: RestContext,
  type: ResourceType,
  { object, options }: { object: KubeObject; options: DeleteOptions },
): KubeObject | 'gone' {
  const { metadata } = object;
  const graceSeconds = type.group === '' && type.kind === 'Pod' ? podGraceSeconds(object, options) : 0;
  addPropagationFinalizer(object, options, orphansByDefault(type, options));
  if (isDefinition(type)) beginCleanup(context, object as CustomResourceDefinition);
  const waits =
    (metadata.finalizers?.length ?? 0) > 0 || (isNamespace(type) && namespaceFinalizers(object).length > 0);
  if (!waits && graceSeconds === 0) return 'gone';
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  if (deletionTimestamp === undefined || graceSeconds < deletionGracePeriodSeconds) {
    const askedMs =
      deletionTimestamp === undefined
        ? context.clock.now()
        : (parseTimestamp(deletionTimestamp) ?? context.clock.now()) - deletionGracePeriodSeconds * 1000;
    metadata.deletionTimestamp = timestamp(askedMs + graceSeconds * 1000);
    metadata.deletionGracePeriodSeconds = graceSeconds;
    if (metadata.generation !== undefined) metadata.generation += 1;
  }
  const { status } = object as KubeObject & { status?: object };
  return isNamespace(type)
    ? ({ ...object, status: { ...status, phase: 'Terminating' } } as KubeObject)
    : object;
}

function isDefinition({ group, kind }: ResourceType): boolean {
  return group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition';
}

/** A definition goes after all objects of its kind, as in Kubernetes. */
function beginCleanup(context: RestContext, definition: CustomResourceDefinition): void {
  const { metadata, status } = definition;
  if (metadata.deletionTimestamp !== undefined) return;
  metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CLEANUP_FINALIZER])];
  const condition: CustomResourceDefinitionCondition = {
    type: 'Terminating',
    status: 'True',
    lastTransitionTime: timestamp(context.clock.now()),
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  };
  definition.status = { ...status, conditions: [...(status?.conditions ?? []), condition] };
}

/** A pod on a host is stopped by the kubelet, which deletes it at last with a grace of 0; any other pod goes at once. */
function podGraceSeconds(object: KubeObject, options: DeleteOptions): number {
  const pod = object as KubeObject & {
    spec?: { nodeName?: string; terminationGracePeriodSeconds?: number };
    status?: { phase?: string };
  };
  if (!pod.spec?.nodeName || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') return 0;
  const wanted = options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? POD_GRACE_SECONDS;
  // As in Kubernetes, a negative one counts as 1.
  return wanted < 0 ? 1 : Math.min(wanted, POD_GRACE_SECONDS_MAX);
}

function addPropagationFinalizer(object: KubeObject, options: DeleteOptions, orphans: boolean): void {
  if (object.metadata.deletionTimestamp !== undefined) return;
  if (orphans && object.metadata.finalizers?.includes('foregroundDeletion') === true) return;
  const mayOrphan = options.orphanDependents === true || orphans;
  const policy = options.propagationPolicy ?? (mayOrphan ? 'Orphan' : 'Background');
  const finalizer =
    policy === 'Orphan' ? 'orphan' : policy === 'Foreground' ? 'foregroundDeletion' : undefined;
  if (finalizer === undefined || object.metadata.finalizers?.includes(finalizer)) return;
  object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
}
