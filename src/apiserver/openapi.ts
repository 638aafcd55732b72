import { createHash } from 'node:crypto';
import { encodeSwagger, SWAGGER_PROTOBUF_MEDIA_TYPE } from '#api/protobuf/encode-swagger.ts';
import type { SchemaSet } from '#api/schema.ts';
import { BUILTIN_DEFINITIONS } from '#api/schema-set.ts';
import { StatusError } from '#api/status.ts';
import { type DocumentedKind, groupPathOf } from '#apiserver/openapi-operations.ts';
import { openApiV2, swaggerJson } from '#apiserver/openapi-v2.ts';
import { openApiV3 } from '#apiserver/openapi-v3.ts';
import { type ApiRequest, type ApiResponse, bytesResponse, jsonResponse } from '#apiserver/request.ts';
import { UNSTORED_KINDS } from '#apiserver/unstored-kinds.ts';
import { KUBERNETES_VERSION } from '#apiserver/version.ts';
import type { Clock } from '#system/clock.ts';

/** The OpenAPI documents of a server: Swagger 2.0 of all kinds; of version 3 an index, and one for each group and version. */
export interface OpenApi {
  /** The answer to a path below `/openapi/`, or undefined where it is none. */
  readonly answer: (path: string, request: ApiRequest) => Promise<ApiResponse | undefined>;
}

const INDEX_PATH = '/openapi/v3';
const SWAGGER_PATH = '/openapi/v2';

/** It rises when documents of the same schemas turn out otherwise: clients keep a document by its hash. */
const DOCUMENT_FORMAT = 5;

/**
 * Documents are made when they are asked for, and dropped once sent: that is rare, for clients keep them, under a hash that
 * the index names or as their ETag.
 */
export function createOpenApi(
  stored: readonly DocumentedKind[],
  { schemas, clock }: { readonly schemas: SchemaSet; readonly clock: Clock },
): OpenApi {
  const asked = UNSTORED_KINDS.filter(({ schema }) => BUILTIN_DEFINITIONS.has(schema));
  const types = [...stored, ...asked];
  const groups = groupTypes(types);
  const hashes = new Map([...groups].map(([name, members]) => [name, hashOf(members, schemas)]));
  const index = {
    paths: Object.fromEntries(
      [...hashes].map(([name, hash]) => [name, { serverRelativeURL: `${INDEX_PATH}/${name}?hash=${hash}` }]),
    ),
  };
  const whole = createHash('sha256')
    .update([...hashes.values()].join())
    .digest('hex')
    .toUpperCase();
  return {
    async answer(path, request) {
      if (path === INDEX_PATH || path === `${INDEX_PATH}/`) {
        const etag = { etag: `"${whole}"` };
        return notModified(request, etag) ?? jsonResponse(200, index, etag);
      }
      if (path === SWAGGER_PATH) {
        const document = (): ReturnType<typeof openApiV2> => openApiV2(types, { schemas, clock });
        return swaggerResponse(request, { hash: whole, document, clock });
      }
      const name = path.startsWith(`${INDEX_PATH}/`) ? path.slice(INDEX_PATH.length + 1) : '';
      const [members, hash] = [groups.get(name), hashes.get(name)];
      if (members === undefined || hash === undefined) return undefined;
      const headers = cacheHeaders(hash, request);
      return notModified(request, headers) ?? jsonResponse(200, await openApiV3(members, schemas), headers);
    },
  };
}

type SwaggerForm = 'json' | 'protobuf';

/** The form that is named first. */
function swaggerFormOf(accept: string | undefined): SwaggerForm {
  for (const range of (accept ?? '*/*').split(',')) {
    const mediaType = range.split(';', 1)[0]?.trim() ?? '';
    if (mediaType.replace('@', '.') === SWAGGER_PROTOBUF_MEDIA_TYPE) return 'protobuf';
    if (['application/json', 'application/*', '*/*', ''].includes(mediaType)) return 'json';
  }
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: application/json, ${SWAGGER_PROTOBUF_MEDIA_TYPE}`,
  );
}

async function swaggerResponse(
  request: ApiRequest,
  { hash, document, clock }: { hash: string; document: () => ReturnType<typeof openApiV2>; clock: Clock },
): Promise<ApiResponse> {
  const form = swaggerFormOf(request.headers.accept);
  const headers = { etag: `"${hash}-${form}"`, vary: 'Accept', 'cache-control': 'no-cache, private' };
  const unchanged = notModified(request, headers);
  if (unchanged !== undefined) return unchanged;
  if (form === 'json') return bytesResponse(200, await swaggerJson(await document(), clock), headers);
  const type = { 'content-type': SWAGGER_PROTOBUF_MEDIA_TYPE };
  return bytesResponse(200, [encodeSwagger(await document())], { ...headers, ...type });
}

/** 304 where the client has it already. */
function notModified(
  { headers }: ApiRequest,
  answer: Record<string, string> & { readonly etag: string },
): ApiResponse | undefined {
  const known = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//u, ''));
  return known.includes(answer.etag) ? bytesResponse(304, [], answer) : undefined;
}

let builtinHash: string | undefined;

/** The hash of every built-in definition, made once. */
function hashOfDefinitions(): string {
  if (builtinHash !== undefined) return builtinHash;
  const hash = createHash('sha256').update(`${DOCUMENT_FORMAT} ${KUBERNETES_VERSION.gitVersion}`);
  for (const [name, notation] of BUILTIN_DEFINITIONS) hash.update(`\n${name} ${notation}`);
  builtinHash = hash.digest('hex');
  return builtinHash;
}

/** The same for the same schemas and kinds, in every process of this version. */
function hashOf(types: readonly DocumentedKind[], schemas: SchemaSet): string {
  const hash = createHash('sha256').update(hashOfDefinitions());
  for (const type of types) {
    const { group, version, kind, plural, namespaced, subresources, schema } = type;
    hash.update(`\n${group} ${version} ${kind} ${plural} ${namespaced} ${subresources.join()}`);
    if (!BUILTIN_DEFINITIONS.has(schema)) hash.update(JSON.stringify(schemas.get(schema)));
  }
  return hash.digest('hex').toUpperCase();
}

/** An answer to a request that names the right hash never changes. */
function cacheHeaders(hash: string, request: ApiRequest): Record<string, string> & { readonly etag: string } {
  const etag = { etag: `"${hash}"` };
  if (request.query.get('hash') !== hash) return { ...etag, 'cache-control': 'no-cache, private' };
  return {
    ...etag,
    'cache-control': 'public, immutable, max-age=31536000',
    expires: 'Thu, 31 Dec 2099 23:59:59 GMT',
  };
}

function groupTypes(types: readonly DocumentedKind[]): Map<string, DocumentedKind[]> {
  const groups = new Map<string, DocumentedKind[]>();
  for (const type of types) {
    const name = groupPathOf(type);
    groups.set(name, [...(groups.get(name) ?? []), type]);
  }
  return groups;
}
