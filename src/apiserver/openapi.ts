import { createHash } from 'node:crypto';
import { type Descriptions, loadDescriptions } from '#api/descriptions.ts';
import type { Json } from '#api/object.ts';
import { openApiComponents } from '#api/openapi-schema.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import type { SchemaSet } from '#api/schema.ts';
import { openApiName, packageOf } from '#api/schema-names.ts';
import { BUILTIN_DEFINITIONS } from '#api/schema-set.ts';
import { hasDeleteCollection, KUBERNETES_VERSION } from '#apiserver/discovery.ts';
import { type ApiRequest, type ApiResponse, jsonResponse } from '#apiserver/request.ts';

/** The OpenAPI v3 documents of a server: an index, and one for each group and version. */
export interface OpenApi {
  /** The answer to a path below `/openapi/`, or undefined where it is none. */
  readonly answer: (path: string, request: ApiRequest) => Promise<ApiResponse | undefined>;
}

const INDEX_PATH = '/openapi/v3';

/** It rises when this file makes other documents of the same schemas: clients keep a document by its hash. */
const DOCUMENT_FORMAT = 1;

/**
 * Documents are made when they are asked for, and dropped once sent: that is rare, for clients keep them, under a hash that
 * the index names.
 */
export function createOpenApi(types: readonly ResourceType[], schemas: SchemaSet): OpenApi {
  const groups = groupTypes(types);
  const hash = hashOf(types);
  const index = {
    paths: Object.fromEntries(
      [...groups.keys()].map((name) => [name, { serverRelativeURL: `${INDEX_PATH}/${name}?hash=${hash}` }]),
    ),
  };
  return {
    async answer(path, request) {
      if (path === INDEX_PATH || path === `${INDEX_PATH}/`) return jsonResponse(200, index);
      const members = path.startsWith(`${INDEX_PATH}/`)
        ? groups.get(path.slice(INDEX_PATH.length + 1))
        : undefined;
      if (members === undefined) return undefined;
      const packages = new Set([...BUILTIN_DEFINITIONS.keys()].map(packageOf));
      const document = documentOf(members, schemas, await loadDescriptions(packages));
      return jsonResponse(200, document, cacheHeaders(hash, request));
    },
  };
}

/** The same for the same schemas and kinds, in every process of this version. */
function hashOf(types: readonly ResourceType[]): string {
  const hash = createHash('sha256').update(`${DOCUMENT_FORMAT} ${KUBERNETES_VERSION.gitVersion}`);
  for (const { group, version, plural, subresources } of types)
    hash.update(`\n${group} ${version} ${plural} ${subresources.join()}`);
  for (const [name, notation] of BUILTIN_DEFINITIONS) hash.update(`\n${name} ${notation}`);
  return hash.digest('hex').toUpperCase();
}

/** An answer to a request that names the right hash never changes. */
function cacheHeaders(hash: string, request: ApiRequest): Record<string, string> {
  const etag = { etag: `"${hash}"` };
  if (request.query.get('hash') !== hash) return { ...etag, 'cache-control': 'no-cache, private' };
  return {
    ...etag,
    'cache-control': 'public, immutable, max-age=31536000',
    expires: 'Thu, 31 Dec 2099 23:59:59 GMT',
  };
}

function groupTypes(types: readonly ResourceType[]): Map<string, ResourceType[]> {
  const groups = new Map<string, ResourceType[]>();
  for (const type of types) {
    const name = type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`;
    groups.set(name, [...(groups.get(name) ?? []), type]);
  }
  return groups;
}

function documentOf(types: readonly ResourceType[], schemas: SchemaSet, descriptions: Descriptions): object {
  const kinds = new Map(types.map(({ schema, group, version, kind }) => [schema, { group, version, kind }]));
  const definitions = [...types.map((type) => type.schema), 'meta/v1.DeleteOptions'];
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: KUBERNETES_VERSION.gitVersion },
    paths: Object.fromEntries(types.flatMap(pathsOf)),
    components: { schemas: openApiComponents({ schemas, version: 3, definitions, kinds, descriptions }) },
  };
}

/** Query parameters by operation, as far as clients look for them: kubectl asks whether PATCH takes `fieldValidation`. */
const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => queryParameter(name));
const PATCH_PARAMETERS = [...WRITE_PARAMETERS, queryParameter('force', 'boolean')];
const LIST_PARAMETERS = [
  ...['continue', 'fieldSelector', 'labelSelector', 'resourceVersion', 'resourceVersionMatch'].map((name) =>
    queryParameter(name),
  ),
  ...['limit', 'timeoutSeconds'].map((name) => queryParameter(name, 'integer')),
  ...['allowWatchBookmarks', 'sendInitialEvents', 'watch'].map((name) => queryParameter(name, 'boolean')),
];
const DELETE_PARAMETERS = [
  queryParameter('dryRun'),
  queryParameter('gracePeriodSeconds', 'integer'),
  queryParameter('propagationPolicy'),
];

function queryParameter(name: string, type = 'string'): Json {
  return { name, in: 'query', schema: { type, uniqueItems: true } };
}

function pathsOf(type: ResourceType): [string, Json][] {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const collection = type.namespaced
    ? `${root}/namespaces/{namespace}/${type.plural}`
    : `${root}/${type.plural}`;
  const path: [string, Json][] = [
    [collection, collectionItem(type)],
    [`${collection}/{name}`, objectItem(type)],
  ];
  for (const subresource of type.subresources)
    path.push([`${collection}/{name}/${subresource}`, objectItem(type)]);
  return path;
}

function pathParameters(type: ResourceType, withName: boolean): Json[] {
  const parameter = (name: string): Json => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', uniqueItems: true },
  });
  return [...(withName ? [parameter('name')] : []), ...(type.namespaced ? [parameter('namespace')] : [])];
}

function operation(
  type: ResourceType,
  action: string,
  { parameters, body, answer }: { parameters: readonly Json[]; body?: string; answer: string },
): Json {
  const { group, version, kind } = type;
  const content = (name: string): Json => ({
    'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
  });
  return {
    operationId: `${action}${apiVersionOf(type).replaceAll(/[^A-Za-z0-9]/gu, '')}${kind}`,
    parameters: [...parameters],
    ...(body === undefined ? {} : { requestBody: { content: content(body) } }),
    responses: { 200: { description: 'OK', content: content(answer) } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  };
}

function collectionItem(type: ResourceType): Json {
  const name = openApiName(type.schema);
  return {
    parameters: pathParameters(type, false),
    get: operation(type, 'list', { parameters: LIST_PARAMETERS, answer: `${name}List` }),
    post: operation(type, 'post', { parameters: WRITE_PARAMETERS, body: name, answer: name }),
    ...(hasDeleteCollection(type)
      ? {
          delete: operation(type, 'deletecollection', {
            parameters: DELETE_PARAMETERS,
            body: openApiName('meta/v1.DeleteOptions'),
            answer: `${name}List`,
          }),
        }
      : {}),
  };
}

function objectItem(type: ResourceType): Json {
  const name = openApiName(type.schema);
  return {
    parameters: pathParameters(type, true),
    get: operation(type, 'get', { parameters: [], answer: name }),
    put: operation(type, 'put', { parameters: WRITE_PARAMETERS, body: name, answer: name }),
    patch: operation(type, 'patch', { parameters: PATCH_PARAMETERS, body: name, answer: name }),
    delete: operation(type, 'delete', {
      parameters: DELETE_PARAMETERS,
      body: openApiName('meta/v1.DeleteOptions'),
      answer: name,
    }),
  };
}
