import type { Json } from '#api/object.ts';
import { writeComponents } from '#api/openapi-schema.ts';
import type { SchemaSet } from '#api/schema.ts';
import { openApiName } from '#api/schema-names.ts';
import { inTurns } from '#apiserver/object-batches.ts';
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
import { builtinDescriptions } from '#apiserver/openapi-v3.ts';
import { utf8 } from '#apiserver/request.ts';
import { KUBERNETES_VERSION } from '#apiserver/version.ts';
import { type Clock, sleep } from '#system/clock.ts';

/** A Swagger 2.0 document. */
export interface SwaggerDocument {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Json>>;
  readonly definitions: Readonly<Record<string, Json>>;
}

/** Definitions that are written in one turn of the event loop: some milliseconds of work, the first time. */
const DEFINITIONS_PER_TURN = 50;

/**
 * The Swagger 2.0 document of all kinds: what clients of Kubernetes before 1.27 validate and explain by. It is large: it is made in
 * several turns.
 */
export async function openApiV2(
  types: readonly DocumentedKind[],
  { schemas, clock }: { readonly schemas: SchemaSet; readonly clock: Clock },
): Promise<SwaggerDocument> {
  const steps = writeComponents({
    schemas,
    version: 2,
    definitions: definitionsOf(types),
    kinds: kindsOf(types),
    descriptions: await builtinDescriptions(),
  });
  let step = steps.next();
  for (let written = 1; step.done !== true; written++) {
    if (written % DEFINITIONS_PER_TURN === 0) await sleep(clock, 0);
    step = steps.next();
  }
  await sleep(clock, 0);
  const operations = [...operationsByPath(types)];
  const paths: Record<string, Json> = {};
  for await (const batch of inTurns(operations, clock))
    for (const [path, methods] of batch) paths[path] = pathItem(path, methods);
  const info = { title: 'Kubernetes', version: KUBERNETES_VERSION.gitVersion };
  return { swagger: '2.0', info, paths, definitions: step.value };
}

/** The document as JSON, in pieces that were written in turns of their own. */
export async function swaggerJson(
  { swagger, info, paths, definitions }: SwaggerDocument,
  clock: Clock,
): Promise<Uint8Array[]> {
  const head = JSON.stringify({ swagger, info }).slice(0, -1);
  return [
    utf8(`${head},"paths":{`),
    ...(await jsonFields(paths, clock)),
    utf8('},"definitions":{'),
    ...(await jsonFields(definitions, clock)),
    utf8('}}'),
  ];
}

async function jsonFields(object: Readonly<Record<string, Json>>, clock: Clock): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const batch of inTurns(Object.entries(object), clock)) {
    const fields = batch.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
    chunks.push(utf8(`${chunks.length === 0 ? '' : ','}${fields.join()}`));
  }
  await sleep(clock, 0);
  return chunks;
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
    responses: responsesOf(operation, {
      schema:
        answer === undefined
          ? { type: 'string' }
          : { $ref: `#/definitions/${openApiName(answer)}${isList ? 'List' : ''}` },
    }),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { ...kind },
  };
}

/** A patch is of any form; whoever deletes need not say how. */
function bodyParameter({ method }: Operation, body: string): Json {
  const schema = method === 'patch' ? { type: 'object' } : { $ref: `#/definitions/${openApiName(body)}` };
  return { name: 'body', in: 'body', schema, ...(method === 'delete' ? {} : { required: true }) };
}
