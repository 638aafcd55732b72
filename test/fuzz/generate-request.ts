import { pick, type Random, randomInteger } from './chance.ts';
import { HOSTILE_TEXTS, type SchemaNode, valueOf } from './generate-value.ts';

/** One method of one path of the server's own OpenAPI documents. */
export interface Route {
  readonly method: string;
  /** With `{namespace}` and `{name}`. */
  readonly path: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly parameters: readonly string[];
  readonly body: SchemaNode | undefined;
  readonly components: Readonly<Record<string, SchemaNode>>;
}

/** A request as it is sent. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The parts of OpenAPI documents that matter here. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, SchemaNode>> };
}

interface OpenApiOperation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: SchemaNode }>> };
  readonly 'x-kubernetes-group-version-kind'?: Route['kind'];
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/** The routes of a document. */
export function routesOf({ paths, components }: OpenApiDocument): Route[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      const content = Object.values(operation.requestBody?.content ?? {})[0];
      return [
        {
          method: method.toUpperCase(),
          path,
          kind: operation['x-kubernetes-group-version-kind'] ?? { group: '', version: '', kind: '' },
          parameters: (operation.parameters ?? []).map(({ name }) => name),
          body: content?.schema,
          components: components.schemas,
        },
      ];
    }),
  );
}

const NAMES = ['a', 'b', 'web', 'data-1'];
const VALUES: Readonly<Record<string, readonly string[]>> = {
  dryRun: ['All', 'None', 'All,All'],
  fieldManager: ['fuzz', 'x'.repeat(129), 'a\u0007'],
  fieldValidation: ['Strict', 'Warn', 'Ignore', 'strict'],
  force: ['true', 'false', 'maybe'],
  limit: ['1', '500', '-1', '1000000000000', '1e3'],
  continue: ['eyJyIjoxLCJrIjoiLyJ9', 'e30', 'AAAA', '%'],
  resourceVersion: ['0', '1', '5', '-1', '9007199254740993', 'abc'],
  resourceVersionMatch: ['Exact', 'NotOlderThan', 'exact'],
  labelSelector: ['app=a', 'app in (a,b),!c', 'a=b=c', 'in in in', '(', ','.repeat(3000)],
  fieldSelector: [
    'metadata.name=a',
    'status.phase!=x',
    'spec.nope=1',
    '==',
    'metadata.name=a,metadata.name!=b',
  ],
  timeoutSeconds: ['1', '-5', '99999999999'],
  watch: ['true', '1', 'false'],
  allowWatchBookmarks: ['true'],
  sendInitialEvents: ['true', 'false'],
  gracePeriodSeconds: ['0', '30', '-1', '99999999999999'],
  propagationPolicy: ['Orphan', 'Foreground', 'Background', 'Sideways'],
  orphanDependents: ['true', 'false'],
  includeObject: ['None', 'Metadata', 'Object', 'All'],
  container: ['a', ''],
  ports: ['80', '0', '1,2'],
  command: ['ls'],
};

/** Mostly such as are served. */
const ACCEPTS = [
  ...Array.from({ length: 30 }, () => 'application/json'),
  'application/yaml',
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf,application/json',
  'application/vnd.kubernetes.protobuf',
  '*/*',
  'image/png',
  ';;,,q=',
];

const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

const BODY_TYPES = [
  ...Array.from({ length: 20 }, () => 'application/json'),
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'text/plain',
  'application/json; charset=utf-16',
];

/** A request for a route, from one throw of the dice: mostly such as clients send, sometimes such as nobody should. */
export function requestOf(route: Route, random: Random): FuzzRequest {
  const hostility = pick(random, [0, 0, 0, 0.005, 0.03, 0.2]);
  const segment = (): string =>
    encodeURIComponent(random() < hostility ? wellFormed(pick(random, HOSTILE_TEXTS)) : pick(random, NAMES));
  const namespace = random() < 0.9 ? 'default' : segment();
  const name = segment();
  const path = route.path.replace('{namespace}', namespace).replace('{name}', name);
  const body = bodyOf(route, random, { hostility, name, namespace });
  return {
    method: random() < 0.002 ? pick(random, ['BREW', 'OPTIONS', 'HEAD', 'CONNECT']) : route.method,
    path: `${path}${queryOf(route, random)}`,
    headers: {
      accept: pick(random, ACCEPTS),
      ...(body.length === 0 ? {} : { 'content-type': contentTypeOf(route, random) }),
    },
    body,
  };
}

function wellFormed(text: string): string {
  return text.toWellFormed();
}

function contentTypeOf({ method }: Route, random: Random): string {
  if (method === 'PATCH' && random() < 0.95) return pick(random, PATCH_TYPES);
  return pick(random, BODY_TYPES);
}

function queryOf({ parameters, method }: Route, random: Random): string {
  const names = [...parameters, ...(method === 'GET' ? ['includeObject'] : [])];
  const query = new URLSearchParams();
  for (const name of names) {
    if (random() >= 0.04) continue;
    const known = VALUES[name] ?? ['true'];
    query.append(name, random() < 0.05 ? pick(random, HOSTILE_TEXTS) : pick(random, known));
  }
  if (method === 'PATCH' && random() < 0.7) query.set('fieldManager', 'fuzz');
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

const encoder = new TextEncoder();

function bodyOf(
  route: Route,
  random: Random,
  { hostility, name, namespace }: { hostility: number; name: string; namespace: string },
): Uint8Array {
  if (route.body === undefined || random() < 0.02) return new Uint8Array();
  const { components, method } = route;
  if (method === 'PATCH' && random() < 0.25) return encoder.encode(JSON.stringify(jsonPatch(random)));
  const value = valueOf(route.body, { random, components, hostility });
  const text = JSON.stringify(dressed(route, value, { random, name, namespace })) ?? '';
  return random() < 0.03 ? mangled(encoder.encode(text), random) : encoder.encode(text);
}

/** With the names that a client would give it. */
function dressed(
  { kind, method }: Route,
  value: unknown,
  { random, name, namespace }: { random: Random; name: string; namespace: string },
): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || random() < 0.05) return value;
  const { group, version, kind: kindName } = kind;
  const named = method === 'POST' ? pick(random, NAMES) : decodeURIComponent(name);
  const isOptions = method === 'DELETE';
  return {
    ...value,
    apiVersion: isOptions ? 'v1' : group === '' ? version : `${group}/${version}`,
    kind: isOptions ? 'DeleteOptions' : kindName,
    ...(isOptions
      ? {}
      : { metadata: { name: named, labels: { app: 'a' }, ...namespaced(random, namespace) } }),
  };
}

function namespaced(random: Random, namespace: string): { namespace?: string } {
  return random() < 0.3 ? { namespace: decodeURIComponent(namespace) } : {};
}

const POINTERS = [
  '/metadata/labels/x',
  '/spec',
  '/metadata/name',
  '/data/a',
  '/spec/containers/0',
  '/-',
  '',
  '/__proto__/x',
];

function jsonPatch(random: Random): unknown {
  return Array.from({ length: randomInteger(random, 4) }, () => ({
    op: pick(random, ['add', 'remove', 'replace', 'copy', 'move', 'test', 'explode']),
    path: pick(random, POINTERS),
    from: pick(random, POINTERS),
    value: pick<unknown>(random, ['x', 1, null, { a: 'b' }, []]),
  }));
}

/** A few bytes are other ones, or missing, or too many. */
function mangled(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice(0, random() < 0.3 ? randomInteger(random, bytes.length + 1) : bytes.length);
  for (let count = randomInteger(random, 4); count > 0 && copy.length > 0; count -= 1)
    copy[randomInteger(random, copy.length)] = randomInteger(random, 256);
  if (random() < 0.2) copy.set([0x6b, 0x38, 0x73, 0x00].slice(0, copy.length), 0);
  return copy;
}
