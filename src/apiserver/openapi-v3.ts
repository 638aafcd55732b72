import { type Descriptions, loadDescriptions } from '#api/descriptions.ts';
import type { Json } from '#api/object.ts';
import { openApiComponents } from '#api/openapi-schema.ts';
import type { SchemaSet } from '#api/schema.ts';
import { openApiName, packageOf } from '#api/schema-names.ts';
import { BUILTIN_DEFINITIONS } from '#api/schema-set.ts';
import {
  type DocumentedKind,
  definitionsOf,
  describeOperation,
  kindsOf,
  type Operation,
  operationsByPath,
  patchMediaTypes,
  responsesOf,
  tagOf,
} from '#apiserver/openapi-operations.ts';
import { KUBERNETES_VERSION } from '#apiserver/version.ts';

/** The prose of every built-in definition. */
export function builtinDescriptions(): Promise<Descriptions> {
  return loadDescriptions(new Set([...BUILTIN_DEFINITIONS.keys()].map(packageOf)));
}

/** The OpenAPI 3.0 document of one group and version. */
export async function openApiV3(types: readonly DocumentedKind[], schemas: SchemaSet): Promise<object> {
  const components = openApiComponents({
    schemas,
    version: 3,
    definitions: definitionsOf(types),
    kinds: kindsOf(types),
    descriptions: await builtinDescriptions(),
  });
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: KUBERNETES_VERSION.gitVersion },
    paths: Object.fromEntries(
      [...operationsByPath(types)].map(([path, operations]) => [path, pathItem(path, operations)]),
    ),
    components: { schemas: components },
  };
}

function pathItem(path: string, operations: readonly Operation[]): Json {
  const names = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name = '']) => name);
  return {
    parameters: names.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', uniqueItems: true },
    })),
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationItem(operation)])),
  };
}

function operationItem(operation: Operation): Json {
  const { id, action, kind, parameters, body, answer, isList, method } = operation;
  const mediaTypes = method === 'patch' ? patchMediaTypes(operation) : ['application/json'];
  return {
    tags: [tagOf(operation.owner)],
    description: describeOperation(operation),
    operationId: id,
    parameters: parameters.map(({ name, type }) => ({
      name,
      in: 'query',
      schema: { type, uniqueItems: true },
    })),
    ...(body === undefined ? {} : { requestBody: { content: contentOf(openApiName(body), mediaTypes) } }),
    responses: responsesOf(operation, {
      content:
        answer === undefined
          ? { 'text/plain': { schema: { type: 'string' } } }
          : contentOf(`${openApiName(answer)}${isList ? 'List' : ''}`, ['application/json']),
    }),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { ...kind },
  };
}

function contentOf(name: string, mediaTypes: readonly string[]): Json {
  const schema = { $ref: `#/components/schemas/${name}` };
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }]));
}
