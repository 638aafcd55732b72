import type { JsonObject } from '#api/json.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { BUILTIN_DEFINITIONS } from '#api/schema-set.ts';
import { type ExtraSubresource, extraSubresourcesOf, hasDeleteCollection } from '#apiserver/discovery.ts';

/** A query parameter. */
export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
}

/** One method of one path, free of the version of OpenAPI in which it is written down. */
export interface Operation {
  /** With `{namespace}` and `{name}` where they are asked for. */
  readonly path: string;
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch';
  /** Unique in a server, as Kubernetes calls it: `listAppsV1NamespacedDeployment`. */
  readonly id: string;
  /** `x-kubernetes-action`. */
  readonly action: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  /** The kind that the path is for, where `kind` is that of a part of it. */
  readonly owner: { readonly group: string; readonly version: string; readonly kind: string };
  readonly parameters: readonly Parameter[];
  /** Definition of the request's body. */
  readonly body?: string;
  /** Whether it is on custom objects. */
  readonly isCustom?: boolean;
  /** Whether the answer is a list of the definition. */
  readonly isList: boolean;
  /** Definition of the answer; undefined where it is text or a stream. */
  readonly answer: string | undefined;
}

/** Media types of a patch. */
const PATCH_MEDIA_TYPES: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** Media types of the patches that an operation takes: kubectl goes by them. Custom objects take no strategic merge patch. */
export function patchMediaTypes({ isCustom }: Pick<Operation, 'isCustom'>): readonly string[] {
  if (isCustom !== true) return PATCH_MEDIA_TYPES;
  return PATCH_MEDIA_TYPES.filter((mediaType) => !mediaType.includes('strategic'));
}

const DELETE_OPTIONS = 'meta/v1.DeleteOptions';

function parameters(type: Parameter['type'], names: string): Parameter[] {
  return names.split(' ').map((name) => ({ name, type }));
}

const WRITE_PARAMETERS = parameters('string', 'dryRun fieldManager fieldValidation');
const PATCH_PARAMETERS = [...WRITE_PARAMETERS, ...parameters('boolean', 'force')];
const LIST_PARAMETERS = [
  ...parameters('string', 'continue fieldSelector labelSelector resourceVersion resourceVersionMatch'),
  ...parameters('integer', 'limit timeoutSeconds'),
  ...parameters('boolean', 'allowWatchBookmarks sendInitialEvents watch'),
];
const DELETE_PARAMETERS = [
  ...parameters('string', 'dryRun propagationPolicy'),
  ...parameters('integer', 'gracePeriodSeconds'),
  ...parameters('boolean', 'orphanDependents'),
];

/** Query parameters of the subresources of pods that take some. */
const CONNECT_PARAMETERS: Readonly<Record<string, readonly Parameter[]>> = {
  log: [
    ...parameters('string', 'container sinceTime'),
    ...parameters('boolean', 'follow previous timestamps'),
    ...parameters('integer', 'limitBytes sinceSeconds tailLines'),
  ],
  exec: [...parameters('string', 'command container'), ...parameters('boolean', 'stdin stdout stderr tty')],
  attach: [...parameters('string', 'container'), ...parameters('boolean', 'stdin stdout stderr tty')],
  portforward: parameters('integer', 'ports'),
  proxy: parameters('string', 'path'),
};

/** A kind, as far as documents tell of it; with `verbs` where it has not those of every stored kind. */
export type DocumentedKind = Pick<
  ResourceType,
  'group' | 'version' | 'kind' | 'plural' | 'namespaced' | 'subresources' | 'schema' | 'custom'
> & { readonly verbs?: readonly string[] };

/** Every operation on a kind. */
export function operationsOf(type: DocumentedKind): Operation[] {
  const { verbs, group, version, kind } = type;
  const owner = { group, version, kind };
  return allOperationsOf(type)
    .filter(({ action }) => verbs?.includes(VERBS_OF_ACTIONS[action] ?? action) !== false)
    .map((operation) => ({ ...operation, owner }));
}

const VERBS_OF_ACTIONS: Readonly<Record<string, string>> = { post: 'create', put: 'update' };

type OwnOperation = Omit<Operation, 'owner'>;

function allOperationsOf(type: DocumentedKind): OwnOperation[] {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const collection = type.namespaced
    ? `${root}/namespaces/{namespace}/${type.plural}`
    : `${root}/${type.plural}`;
  const { group, version, kind, schema } = type;
  const scope = type.namespaced ? 'Namespaced' : '';
  const isCustom = type.custom !== undefined;
  const base = { kind: { group, version, kind }, isCustom, isList: false, answer: schema };
  const id = (verb: string, noun = `${scope}${kind}`): string => `${verb}${groupWord(type)}${noun}`;
  const list = { method: 'get', action: 'list', parameters: LIST_PARAMETERS, isList: true } as const;
  return [
    { ...base, ...list, path: collection, id: id('list') },
    ...(type.namespaced
      ? [{ ...base, ...list, path: `${root}/${type.plural}`, id: id('list', `${kind}ForAllNamespaces`) }]
      : []),
    {
      ...base,
      path: collection,
      method: 'post',
      id: id('create'),
      action: 'post',
      parameters: WRITE_PARAMETERS,
      body: schema,
    },
    ...(hasDeleteCollection(type)
      ? [{ ...base, ...deleteCollection(collection, id('delete', `Collection${scope}${kind}`)) }]
      : []),
    ...objectOperations(`${collection}/{name}`, { base, schema, id: (verb) => id(verb) }),
    {
      ...base,
      path: `${collection}/{name}`,
      method: 'delete',
      id: id('delete'),
      action: 'delete',
      parameters: DELETE_PARAMETERS,
      body: DELETE_OPTIONS,
    },
    ...type.subresources.flatMap((name) => subresourceOperations(type, { collection, name })),
    ...extraSubresourcesOf(type).flatMap((extra) => extraOperations(type, { collection, extra })),
  ];
}

function deleteCollection(
  path: string,
  id: string,
): Pick<Operation, 'path' | 'method' | 'id' | 'action' | 'parameters' | 'body' | 'isList'> {
  return {
    path,
    method: 'delete',
    id,
    action: 'deletecollection',
    parameters: [
      ...DELETE_PARAMETERS,
      ...LIST_PARAMETERS.filter(({ name }) => /selector|^limit$|^continue$/iu.test(name)),
    ],
    body: DELETE_OPTIONS,
    isList: true,
  };
}

/** Read, replace and patch. */
function objectOperations(
  path: string,
  {
    base,
    schema,
    id,
  }: {
    base: Pick<Operation, 'kind' | 'isCustom' | 'isList' | 'answer'>;
    schema: string;
    id: (verb: string) => string;
  },
): OwnOperation[] {
  return [
    { ...base, path, method: 'get', id: id('read'), action: 'get', parameters: [] },
    {
      ...base,
      path,
      method: 'put',
      id: id('replace'),
      action: 'put',
      parameters: WRITE_PARAMETERS,
      body: schema,
    },
    {
      ...base,
      path,
      method: 'patch',
      id: id('patch'),
      action: 'patch',
      parameters: PATCH_PARAMETERS,
      body: schema,
    },
  ];
}

function subresourceOperations(
  type: DocumentedKind,
  { collection, name }: { collection: string; name: 'status' | 'scale' },
): OwnOperation[] {
  const { group, version, kind } = type;
  const isScale = name === 'scale';
  const schema = isScale ? 'autoscaling/v1.Scale' : type.schema;
  const base = {
    kind: isScale ? { group: 'autoscaling', version: 'v1', kind: 'Scale' } : { group, version, kind },
    isCustom: type.custom !== undefined,
    isList: false,
    answer: schema,
  };
  const noun = `${type.namespaced ? 'Namespaced' : ''}${kind}${isScale ? 'Scale' : 'Status'}`;
  const id = (verb: string): string => `${verb}${groupWord(type)}${noun}`;
  return objectOperations(`${collection}/{name}/${name}`, { base, schema, id });
}

/** What a method is in the name of an operation. */
const ID_VERBS = { get: 'read', post: 'create', put: 'replace', patch: 'patch', delete: 'delete' } as const;

/** What a verb of RBAC is as a method. */
const METHODS = { get: 'get', create: 'post', update: 'put', patch: 'patch', delete: 'delete' } as const;

function extraOperations(
  type: DocumentedKind,
  { collection, extra }: { collection: string; extra: ExtraSubresource },
): OwnOperation[] {
  const kind = {
    group: extra.group ?? type.group,
    version: extra.version ?? type.version,
    kind: extra.kind,
  };
  const schema = definitionOf(kind);
  const noun = `${type.namespaced ? 'Namespaced' : ''}${type.kind}${titleOf(extra.name)}`;
  return extra.verbs.flatMap((verb) => {
    const method = Object.hasOwn(METHODS, verb) ? METHODS[verb as keyof typeof METHODS] : undefined;
    if (method === undefined) return [];
    const isStream = extra.kind.endsWith('Options') || extra.name === 'log';
    return [
      {
        path: `${collection}/{name}/${extra.name}`,
        method,
        id:
          isStream && extra.name !== 'log'
            ? `connect${groupWord(type)}${titleOf(method)}${noun}`
            : `${ID_VERBS[method]}${groupWord(type)}${noun}`,
        action: isStream && extra.name !== 'log' ? 'connect' : method,
        kind,
        parameters: CONNECT_PARAMETERS[extra.name] ?? (method === 'get' ? [] : WRITE_PARAMETERS),
        ...(schema === undefined || isStream || method === 'get' ? {} : { body: schema }),
        isList: false,
        answer: isStream ? undefined : schema,
      },
    ];
  });
}

/** The definition of a built-in kind; undefined where it has none. */
function definitionOf({ group, version, kind }: Operation['kind']): string | undefined {
  const name = `${group === '' ? 'core' : group.split('.', 1)[0]}/${version}.${kind}`;
  return BUILTIN_DEFINITIONS.has(name) ? name : undefined;
}

/** By which generators of clients put operations together: `core_v1`, `rbacAuthorization_v1`. */
export function tagOf({ group, version }: Pick<ResourceType, 'group' | 'version'>): string {
  const [first = '', ...more] = group === '' ? ['core'] : group.replace(/\.k8s\.io$/u, '').split(/[.-]/u);
  return `${first}${more.map(titleOf).join('')}_${version}`;
}

/** What is done, to the object itself and to a part of it. */
const DEEDS: Readonly<Record<string, readonly [whole: string, part: string]>> = {
  list: ['list or watch objects of kind', 'list'],
  get: ['read the specified', 'read'],
  post: ['create a', 'create'],
  put: ['replace the specified', 'replace'],
  patch: ['partially update the specified', 'partially update'],
  delete: ['delete a', 'delete'],
  deletecollection: ['delete collection of', 'delete collection of'],
};

/** What an operation does, in a few words. */
export function describeOperation({ action, method, owner: { kind }, path }: Operation): string {
  const [, part] = path.split('/{name}/');
  const [whole, below] = DEEDS[action] ?? [action, action];
  if (part === undefined) return `${whole} ${kind}`.replace(/ a (?=[AEIOU])/u, ' an ');
  return action === 'connect'
    ? `connect ${method.toUpperCase()} requests to ${part} of ${kind}`
    : `${below} ${part} of the specified ${kind}`;
}

/** The answers by their codes, each with what is told of its content. */
export function responsesOf(operation: Operation, content: JsonObject): Readonly<Record<string, JsonObject>> {
  const answers = Object.entries(answersOf(operation));
  return {
    ...Object.fromEntries(answers.map(([code, description]) => [code, { description, ...content }])),
    401: { description: 'Unauthorized' },
  };
}

/** Codes of the answers, with what each says. */
function answersOf({ method, action }: Operation): Readonly<Record<string, string>> {
  const isMade = method === 'post' || method === 'put' || method === 'patch';
  const isLater = method === 'post' || (method === 'delete' && action !== 'deletecollection');
  return action === 'connect'
    ? { 200: 'OK' }
    : { 200: 'OK', ...(isMade ? { 201: 'Created' } : {}), ...(isLater ? { 202: 'Accepted' } : {}) };
}

/** `CoreV1`, `AppsV1`, `FleetSkerryIoV1alpha1`. */
function groupWord({ group, version }: Pick<ResourceType, 'group' | 'version'>): string {
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/u, '').split(/[.-]/u);
  return [...words, version].map(titleOf).join('');
}

function titleOf(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** Operations by path, in the order in which paths first come. */
export function operationsByPath(types: readonly DocumentedKind[]): Map<string, Operation[]> {
  const paths = new Map<string, Operation[]>();
  for (const operation of types.flatMap(operationsOf)) {
    const known = paths.get(operation.path);
    if (known === undefined) paths.set(operation.path, [operation]);
    else known.push(operation);
  }
  return paths;
}

/** The definitions that documents of these kinds describe, beside what those refer to. */
export function definitionsOf(types: readonly DocumentedKind[]): string[] {
  const used = types
    .flatMap(operationsOf)
    .flatMap(({ body, answer }) => [body, answer].filter((name) => name !== undefined));
  return [...new Set([...types.map(({ schema }) => schema), ...used])];
}

/** The marks of kinds by definition. */
export function kindsOf(
  types: readonly DocumentedKind[],
): Map<string, { group: string; version: string; kind: string }> {
  return new Map(types.map(({ schema, group, version, kind }) => [schema, { group, version, kind }]));
}

/** `api/v1`, `apis/apps/v1`. */
export function groupPathOf(type: DocumentedKind): string {
  return type.group === '' ? `api/${type.version}` : `apis/${apiVersionOf(type)}`;
}
