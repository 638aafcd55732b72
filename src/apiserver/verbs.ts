import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, listKindOf, type ResourceType } from '#api/resource.ts';
import { isStatus, methodNotAllowed, notFound } from '#api/status.ts';
import { chooseRepresentation } from '#apiserver/accept.ts';
import { servedEntries, servedEntry } from '#apiserver/custom/stored-form.ts';
import { decodeObjectBody } from '#apiserver/decode-object.ts';
import { deleteOptionsOf } from '#apiserver/delete-options.ts';
import { deletionStatus } from '#apiserver/deletion-answer.ts';
import { hasDeleteCollection } from '#apiserver/discovery.ts';
import { subjectOf } from '#apiserver/encoded-write.ts';
import { assertListOptions } from '#apiserver/list-options.ts';
import { answerShapeOf, objectResponse } from '#apiserver/object-response.ts';
import { servePatch } from '#apiserver/patch-requests.ts';
import { assertReached, entryAsOf, limitOf, revisionAtHand } from '#apiserver/read-position.ts';
import { type ApiRequest, type ApiResponse, jsonResponse, type User } from '#apiserver/request.ts';
import { isWatch, type ResourcePath } from '#apiserver/request-info.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { createObject } from '#apiserver/rest-create.ts';
import { deleteObject } from '#apiserver/rest-delete.ts';
import { listObjects } from '#apiserver/rest-list.ts';
import { replaceObject } from '#apiserver/rest-replace.ts';
import { watchObjects } from '#apiserver/rest-watch.ts';
import { selectionOf } from '#apiserver/selection.ts';
import { decodeObject, listPrefix, objectStoreKey } from '#apiserver/stored-object.ts';
import { fieldValidationOf, isDryRun, warningHeaders, writeRequestOf } from '#apiserver/write-options.ts';

/** A request for objects of one kind, read once. */
export interface ResourceRequest {
  readonly request: ApiRequest;
  readonly info: ResourcePath;
  readonly type: ResourceType;
  readonly user: User;
}

/** A request for one object. */
export type NamedRequest = ResourceRequest & { readonly name: string };

/** A request of a user who may do what its verb says. */
export interface AllowedRequest extends ResourceRequest {
  /** Throws Forbidden where he may not create what the request names: asked before another verb creates it. */
  readonly assertMayCreate: () => void;
}

/** The verbs on a kind and its `status`. */
export async function serveObjects(context: RestContext, call: AllowedRequest): Promise<ApiResponse> {
  const { name } = call.info;
  return name === undefined ? serveCollection(context, call) : serveObject(context, { ...call, name });
}

async function serveCollection(context: RestContext, call: ResourceRequest): Promise<ApiResponse> {
  const { request, info, type } = call;
  switch (request.method) {
    case 'GET': {
      const { query } = request;
      const read = {
        namespace: info.namespace,
        query,
        representation: chooseRepresentation(request.headers.accept),
      };
      return isWatch(query) ? watchObjects(context, type, read) : listObjects(context, type, read);
    }
    case 'POST':
      return create(context, call);
    case 'DELETE':
      // As in Kubernetes, nobody empties all namespaces at once.
      if (type.namespaced && info.namespace === undefined) throw methodNotAllowed();
      if (!hasDeleteCollection(type)) throw methodNotAllowed();
      return deleteCollection(context, call);
    default:
      throw methodNotAllowed();
  }
}

async function serveObject(context: RestContext, call: AllowedRequest & NamedRequest): Promise<ApiResponse> {
  const { method } = call.request;
  switch (method) {
    case 'GET':
      return get(context, call);
    case 'PUT':
      return replace(context, call);
    case 'PATCH':
      return servePatch(context, call);
    case 'DELETE':
      if (call.info.subresource !== undefined) throw methodNotAllowed();
      return deleteOne(context, call);
    default:
      throw methodNotAllowed();
  }
}

async function get(context: RestContext, { request, info, type, name }: NamedRequest): Promise<ApiResponse> {
  const shape = answerShapeOf(request);
  const stored = await entryAsOf(
    context.store,
    objectStoreKey(type, { namespace: info.namespace, name }),
    revisionAtHand(context, request.query),
  );
  // After the read, by which the store has learned what other processes have written.
  assertReached(context, request.query);
  if (stored === undefined) throw notFound(subjectOf(type, name));
  const entry = await servedEntry(type, stored, context.convert);
  return objectResponse(context, type, { ...shape, entry, status: 200 });
}

async function create(context: RestContext, call: ResourceRequest): Promise<ApiResponse> {
  const { request, info, type } = call;
  const shape = answerShapeOf(request);
  const fieldValidation = fieldValidationOf(request);
  const { object, warnings } = decodeObjectBody(request, { type, schemas: context.schemas, fieldValidation });
  const entry = await createObject(context, type, {
    ...writeRequestOf(call),
    object,
    namespace: info.namespace,
  });
  return objectResponse(context, type, { ...shape, entry, status: 201, headers: warningHeaders(warnings) });
}

async function replace(context: RestContext, call: AllowedRequest & NamedRequest): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  const shape = answerShapeOf(request);
  const fieldValidation = fieldValidationOf(request);
  const decode = (): ReturnType<typeof decodeObjectBody> =>
    decodeObjectBody(request, { type, schemas: context.schemas, fieldValidation });
  const { object, warnings } = decode();
  let unused: KubeObject | undefined = object;
  const sent = (): KubeObject => {
    const next = unused ?? decode().object;
    unused = undefined;
    return next;
  };
  const { entry, created } = await replaceObject(context, type, {
    ...writeRequestOf(call),
    namespace: info.namespace,
    name,
    subresource: info.subresource,
    sent,
    assertMayCreate: call.assertMayCreate,
  });
  const status = created ? 201 : 200;
  return objectResponse(context, type, { ...shape, entry, status, headers: warningHeaders(warnings) });
}

async function deleteOne(context: RestContext, call: NamedRequest): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  const shape = answerShapeOf(request);
  const options = deleteOptionsOf(context, request);
  const { entry, gone } = await deleteObject(context, type, {
    ...deletionRequestOf(call, options),
    namespace: info.namespace,
    name,
    options,
  });
  const status = gone ? deletionStatus(type, entry) : undefined;
  if (status !== undefined) return jsonResponse(200, status);
  return objectResponse(context, type, { ...shape, entry, status: 200 });
}

/** A dry run may be asked for in the query, and in the options themselves, as kubectl does. */
export function deletionRequestOf(
  call: { request: ApiRequest; user: User },
  { dryRun = [] }: { readonly dryRun?: readonly string[] },
): WriteRequest {
  const request = writeRequestOf(call);
  return { ...request, dryRun: request.dryRun || isDryRun(dryRun, 'DeleteOptions') };
}

/** Deletes what is selected: all of it, or the first `limit` of it. */
async function deleteCollection(context: RestContext, call: ResourceRequest): Promise<ApiResponse> {
  const { request, info, type } = call;
  assertListOptions(request.query);
  const limit = limitOf(request.query);
  const selection = selectionOf(request.query, type);
  const options = deleteOptionsOf(context, request);
  const { entries, revision } = await context.store.list(listPrefix(type, info.namespace));
  assertReached(context, request.query);
  const deleted: unknown[] = [];
  for (const { value } of await servedEntries(type, entries, context.convert)) {
    const object = decodeObject<KubeObject>(value);
    if (selection !== undefined && !selection.matches(object)) continue;
    if (deleted.length === limit) break;
    const { namespace, name } = object.metadata;
    try {
      const target = { ...deletionRequestOf(call, options), namespace, name, options };
      const result = await deleteObject(context, type, target);
      deleted.push(decodeObject(result.entry.value));
    } catch (error) {
      // Somebody else was faster: it is gone, which is what was asked for.
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }
  return jsonResponse(200, {
    kind: listKindOf(type),
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(revision) },
    items: deleted,
  });
}
