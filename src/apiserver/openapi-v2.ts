import type { Json } from '#api/object.ts';
import { openApiComponents } from '#api/openapi-schema.ts';
import type { SchemaSet } from '#api/schema.ts';
import { openApiName } from '#api/schema-names.ts';
import { KUBERNETES_VERSION } from '#apiserver/discovery.ts';
import {
  answersOf,
  type DocumentedKind,
  definitionsOf,
  describeOperation,
  kindsOf,
  type Operation,
  operationsByPath,
  patchMediaTypes,
  tagOf,
} from '#apiserver/openapi-operations.ts';
import { builtinDescriptions } from '#apiserver/openapi-v3.ts';

/** A Swagger 2.0 document. */
export interface SwaggerDocument {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Json>>;
  readonly definitions: Readonly<Record<string, Json>>;
}

/** The Swagger 2.0 document of all kinds: what clients of Kubernetes before 1.27 validate and explain by. */
export async function openApiV2(
  types: readonly DocumentedKind[],
  schemas: SchemaSet,
): Promise<SwaggerDocument> {
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: KUBERNETES_VERSION.gitVersion },
    paths: Object.fromEntries(
      [...operationsByPath(types)].map(([path, operations]) => [path, pathItem(path, operations)]),
    ),
    definitions: openApiComponents({
      schemas,
      version: 2,
      definitions: definitionsOf(types),
      kinds: kindsOf(types),
      descriptions: await builtinDescriptions(),
    }),
  };
}

function pathItem(path: string, operations: readonly Operation[]): Json {
  const names = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name = '']) => name);
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationItem(operation)])),
    parameters: names.map((name) => ({
      uniqueItems: true,
      type: 'string',
      name,
      in: 'path',
      required: true,
    })),
  };
}

function operationItem(operation: Operation): Json {
  const { id, action, kind, parameters, body, answer, isList, method } = operation;
  return {
    tags: [tagOf(operation.owner)],
    description: describeOperation(operation),
    operationId: id,
    consumes: method === 'patch' ? [...patchMediaTypes(operation)] : ['*/*'],
    produces: [answer === undefined ? 'text/plain' : 'application/json'],
    parameters: [
      ...(body === undefined ? [] : [bodyParameter(operation, body)]),
      ...parameters.map(({ name, type }) => ({ uniqueItems: true, type, name, in: 'query' })),
    ],
    responses: {
      ...Object.fromEntries(
        Object.entries(answersOf(operation)).map(([code, description]) => [
          code,
          {
            description,
            schema:
              answer === undefined
                ? { type: 'string' }
                : { $ref: `#/definitions/${openApiName(answer)}${isList ? 'List' : ''}` },
          },
        ]),
      ),
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { ...kind },
  };
}

/** A patch is of any form; whoever deletes need not say how. */
function bodyParameter({ method }: Operation, body: string): Json {
  const schema = method === 'patch' ? { type: 'object' } : { $ref: `#/definitions/${openApiName(body)}` };
  return { name: 'body', in: 'body', schema, ...(method === 'delete' ? {} : { required: true }) };
}
