import type { Json, KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { badRequest, notFound, StatusError } from '#api/status.ts';
import { chooseRepresentation, type Representation } from '#apiserver/accept.ts';
import { applyServerSideTo } from '#apiserver/apply.ts';
import { mediaTypeOf } from '#apiserver/decode-body.ts';
import { decodeBodyValue, decodeObjectBody, type FieldValidation } from '#apiserver/decode-object.ts';
import { applyPatch, decodePatch, type PatchKind, patchKindOf } from '#apiserver/patch.ts';
import {
  type ApiRequest,
  type ApiResponse,
  bytesResponse,
  jsonResponse,
  type User,
} from '#apiserver/request.ts';
import type { RequestInfo } from '#apiserver/request-info.ts';
import { isWatch } from '#apiserver/request-info.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { type DeleteOptions, deleteObject } from '#apiserver/rest-delete.ts';
import { includeObjectOf, listObjects } from '#apiserver/rest-list.ts';
import { watchObjects } from '#apiserver/rest-watch.ts';
import { createObject, subjectOf, updateObject } from '#apiserver/rest-write.ts';
import { selectionOf } from '#apiserver/selection.ts';
import { decodeObject, listPrefix, objectStoreKey } from '#apiserver/stored-object.ts';
import { toPartialMetadata, toTable } from '#apiserver/table.ts';
import type { Entry } from '#store/store.ts';

/** A request for objects of one kind, read once. */
export interface ResourceRequest {
  readonly request: ApiRequest;
  readonly info: Extract<RequestInfo, { type: 'resource' }>;
  readonly type: ResourceType;
  readonly user: User;
}

/** The verbs on a kind and its `status`. */
export async function serveObjects(context: RestContext, call: ResourceRequest): Promise<ApiResponse> {
  const { request, info } = call;
  switch (request.method) {
    case 'GET':
      return info.name === undefined
        ? serveCollection(context, call)
        : serveObject(context, { ...call, name: info.name });
    case 'POST':
      if (info.name !== undefined) throw methodNotAllowed(request.method);
      return create(context, call);
    case 'PUT':
      return replace(context, { ...call, name: requireName(info.name, request.method) });
    case 'PATCH':
      return patch(context, { ...call, name: requireName(info.name, request.method) });
    case 'DELETE':
      return info.name === undefined
        ? deleteCollection(context, call)
        : deleteOne(context, { ...call, name: info.name });
    default:
      throw methodNotAllowed(request.method);
  }
}

function methodNotAllowed(method: string): StatusError {
  return new StatusError(
    'MethodNotAllowed',
    `the server does not allow the method "${method}" on the requested resource`,
  );
}

function requireName(name: string | undefined, method: string): string {
  if (name === undefined) throw methodNotAllowed(method);
  return name;
}

type NamedRequest = ResourceRequest & { readonly name: string };

function serveCollection(
  context: RestContext,
  { request, info, type }: ResourceRequest,
): Promise<ApiResponse> {
  const { query } = request;
  const read = {
    namespace: info.namespace,
    query,
    representation: chooseRepresentation(request.headers.accept),
  };
  return isWatch(query) ? watchObjects(context, type, read) : listObjects(context, type, read);
}

async function serveObject(
  context: RestContext,
  { request, info, type, name }: NamedRequest,
): Promise<ApiResponse> {
  if (isWatch(request.query)) {
    const query = new URLSearchParams(request.query);
    query.set('fieldSelector', `metadata.name=${name}`);
    return watchObjects(context, type, {
      namespace: info.namespace,
      query,
      representation: chooseRepresentation(request.headers.accept),
    });
  }
  const entry = await context.store.get(objectStoreKey(type, { namespace: info.namespace, name }));
  if (entry === undefined) throw notFound(subjectOf(type, name));
  return entryResponse(context, { type, entry, request, status: 200 });
}

/** One object in the shape that the client wants. */
function entryResponse(
  context: RestContext,
  {
    type,
    entry,
    request,
    status,
    headers,
  }: {
    type: ResourceType;
    entry: Entry;
    request: ApiRequest;
    status: number;
    headers?: Record<string, string>;
  },
): ApiResponse {
  const representation: Representation = chooseRepresentation(request.headers.accept);
  if (representation === 'object') return bytesResponse(status, [entry.value], headers);
  const object = decodeObject(entry.value);
  if (representation === 'partialMetadata') return jsonResponse(status, toPartialMetadata(object), headers);
  const metadata = { resourceVersion: object.metadata.resourceVersion };
  const options = { nowMs: context.clock.now(), include: includeObjectOf(request.query), metadata };
  return jsonResponse(status, toTable(type, [object], options), headers);
}

async function create(context: RestContext, call: ResourceRequest): Promise<ApiResponse> {
  const { request, info, type } = call;
  const { object, warnings } = decodeObjectBody(request, {
    type,
    schemas: context.schemas,
    fieldValidation: fieldValidationOf(request.query),
  });
  const entry = await createObject(context, type, {
    ...writeRequestOf(call),
    object,
    namespace: info.namespace,
  });
  return entryResponse(context, { type, entry, request, status: 201, headers: warningHeaders(warnings) });
}

async function replace(context: RestContext, call: NamedRequest): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  const { object, warnings } = decodeObjectBody(request, {
    type,
    schemas: context.schemas,
    fieldValidation: fieldValidationOf(request.query),
  });
  const entry = await updateObject(context, type, {
    ...writeRequestOf(call),
    namespace: info.namespace,
    name,
    subresource: info.subresource,
    change: () => structuredClone(object),
  });
  return entryResponse(context, { type, entry, request, status: 200, headers: warningHeaders(warnings) });
}

async function patch(context: RestContext, call: NamedRequest): Promise<ApiResponse> {
  const { request } = call;
  const kind = patchKindOf(mediaTypeOf(request.headers['content-type']));
  const body = decodePatch(request.body, kind);
  return kind === 'apply'
    ? applyPatchRequest(context, call, body as Json)
    : plainPatch(context, call, { kind, body });
}

async function plainPatch(
  context: RestContext,
  call: NamedRequest,
  { kind, body }: { kind: Exclude<PatchKind, 'apply'>; body: unknown },
): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  const fieldValidation = fieldValidationOf(request.query);
  let warnings: readonly string[] = [];
  const entry = await updateObject(context, type, {
    ...writeRequestOf(call),
    namespace: info.namespace,
    name,
    subresource: info.subresource,
    change: (current) => {
      const patched = applyPatch(current, { kind, body }, { type, schemas: context.schemas });
      const checked = decodeObjectBody(
        { ...request, value: patched },
        { type, schemas: context.schemas, fieldValidation },
      );
      warnings = checked.warnings;
      return checked.object;
    },
  });
  return entryResponse(context, { type, entry, request, status: 200, headers: warningHeaders(warnings) });
}

async function applyPatchRequest(context: RestContext, call: NamedRequest, body: Json): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  const manager = request.query.get('fieldManager') ?? '';
  if (manager === '')
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  const { object, warnings } = decodeObjectBody(
    { ...request, value: body },
    { type, schemas: context.schemas, fieldValidation: fieldValidationOf(request.query) },
  );
  const { entry, created } = await applyServerSideTo(context, type, {
    ...writeRequestOf(call),
    namespace: info.namespace,
    name,
    subresource: info.subresource,
    applied: object,
    force: request.query.get('force') === 'true',
  });
  return entryResponse(context, {
    type,
    entry,
    request,
    status: created ? 201 : 200,
    headers: warningHeaders(warnings),
  });
}

async function deleteOne(context: RestContext, call: NamedRequest): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  const options = deleteOptionsOf(request);
  const { entry } = await deleteObject(context, type, {
    ...writeRequestOf(call),
    namespace: info.namespace,
    name,
    options,
  });
  return entryResponse(context, { type, entry, request, status: 200 });
}

async function deleteCollection(context: RestContext, call: ResourceRequest): Promise<ApiResponse> {
  const { request, info, type } = call;
  const selection = selectionOf(request.query, type);
  const options = deleteOptionsOf(request);
  const { entries, revision } = await context.store.list(listPrefix(type, info.namespace));
  const deleted: unknown[] = [];
  for (const { value } of entries) {
    const object = decodeObject<KubeObject>(value);
    if (selection !== undefined && !selection(object)) continue;
    const target = {
      ...writeRequestOf(call),
      namespace: object.metadata.namespace,
      name: object.metadata.name,
      options,
    };
    try {
      const result = await deleteObject(context, type, target);
      deleted.push(decodeObject(result.entry.value));
    } catch (error) {
      // Somebody else was faster: it is gone, which is what was asked for.
      if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error;
    }
  }
  return jsonResponse(200, {
    kind: `${type.kind}List`,
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(revision) },
    items: deleted,
  });
}

/** DeleteOptions of the body, with those of the query where the body has none. */
function deleteOptionsOf(request: ApiRequest): DeleteOptions {
  const body = request.body.length === 0 ? {} : (decodeDeleteOptions(request) as DeleteOptions);
  const grace = request.query.get('gracePeriodSeconds');
  const policy = request.query.get('propagationPolicy');
  if (grace !== null && !/^\d+$/u.test(grace))
    throw badRequest(`gracePeriodSeconds: Invalid value: "${grace}": must be a number of at least 0`);
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy as 'Background' }),
    ...body,
  };
}

function decodeDeleteOptions(request: ApiRequest): unknown {
  const value = decodeBodyValue(request, { apiVersion: 'v1', kind: 'DeleteOptions' });
  if (typeof value !== 'object' || value === null) throw badRequest('DeleteOptions must be a JSON object');
  const { propagationPolicy, gracePeriodSeconds } = value as {
    propagationPolicy?: unknown;
    gracePeriodSeconds?: unknown;
  };
  if (
    propagationPolicy !== undefined &&
    !['Orphan', 'Background', 'Foreground'].includes(String(propagationPolicy))
  ) {
    throw badRequest(
      `propagationPolicy: "${String(propagationPolicy)}" is not one of Orphan, Background, Foreground`,
    );
  }
  if (
    gracePeriodSeconds !== undefined &&
    gracePeriodSeconds !== null &&
    !Number.isInteger(gracePeriodSeconds)
  ) {
    throw badRequest('gracePeriodSeconds must be a whole number');
  }
  return value;
}

/** Who writes, whether for real, and as which field manager: the query's, else the client's name from its User-Agent. */
export function writeRequestOf({ request, user }: { request: ApiRequest; user: User }): WriteRequest {
  const dryRuns = request.query.getAll('dryRun').filter((value) => value !== '');
  if (dryRuns.some((value) => value !== 'All'))
    throw badRequest(`dryRun: Unsupported value: "${dryRuns[0] ?? ''}": supported values: "All"`);
  const agent = (request.headers['user-agent'] ?? 'unknown').split('/', 1)[0] ?? 'unknown';
  return {
    user,
    dryRun: dryRuns.length > 0,
    fieldManager: request.query.get('fieldManager') ?? agent.slice(0, 128),
  };
}

function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const wanted = query.get('fieldValidation') ?? 'Warn';
  if (wanted === '' || wanted === 'Warn') return 'Warn';
  if (wanted === 'Strict' || wanted === 'Ignore') return wanted;
  throw badRequest(
    `fieldValidation: Unsupported value: "${wanted}": supported values: "Ignore", "Strict", "Warn"`,
  );
}

/** Warnings as RFC 7234 headers with code 299, as kubectl prints them. */
function warningHeaders(warnings: readonly string[]): Record<string, string> {
  if (warnings.length === 0) return {};
  const quoted = warnings.map(
    (warning) =>
      `299 - "${warning.replaceAll(/["\\]/gu, String.raw`\$&`).replaceAll(/[^\x20-\x7e]/gu, '?')}"`,
  );
  return { warning: quoted.join(', ') };
}
