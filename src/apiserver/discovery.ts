import { createHash } from 'node:crypto';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { StatusError } from '#api/status.ts';
import { type ApiRequest, type ApiResponse, bytesResponse, jsonResponse, utf8 } from '#apiserver/request.ts';
import { type ListedKind, UNSTORED_KINDS } from '#apiserver/unstored-kinds.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

/** Whether a kind's collections can be deleted: as in Kubernetes, nobody deletes all namespaces at once. */
export function hasDeleteCollection({ group, plural }: Pick<ResourceType, 'group' | 'plural'>): boolean {
  return group !== '' || plural !== 'namespaces';
}

function verbsOf(type: ListedKind): readonly string[] {
  if (type.verbs !== undefined) return type.verbs;
  return hasDeleteCollection(type) ? VERBS : VERBS.filter((verb) => verb !== 'deletecollection');
}

/** Subresources that are not of the generic machinery: kind and verbs, by `plural/subresource` of the core group. */
export interface ExtraSubresource {
  /** The group of the kind that it is below; the core group where absent. */
  readonly below?: string;
  readonly plural: string;
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update'];

/** Subresources of the core group's own making. */
export const EXTRA_SUBRESOURCES: readonly ExtraSubresource[] = [
  {
    below: 'certificates.k8s.io',
    plural: 'certificatesigningrequests',
    name: 'approval',
    kind: 'CertificateSigningRequest',
    verbs: ['get', 'patch', 'update'],
  },
  { plural: 'namespaces', name: 'finalize', kind: 'Namespace', verbs: ['update'] },
  { plural: 'nodes', name: 'proxy', kind: 'NodeProxyOptions', verbs: PROXY_VERBS },
  { plural: 'pods', name: 'attach', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  { plural: 'pods', name: 'binding', kind: 'Binding', verbs: ['create'] },
  { plural: 'pods', name: 'ephemeralcontainers', kind: 'Pod', verbs: ['get', 'patch', 'update'] },
  { plural: 'pods', name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
  { plural: 'pods', name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
  { plural: 'pods', name: 'log', kind: 'Pod', verbs: ['get'] },
  { plural: 'pods', name: 'portforward', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
  { plural: 'pods', name: 'proxy', kind: 'PodProxyOptions', verbs: PROXY_VERBS },
  {
    plural: 'serviceaccounts',
    name: 'token',
    kind: 'TokenRequest',
    group: 'authentication.k8s.io',
    version: 'v1',
    verbs: ['create'],
  },
  { plural: 'services', name: 'proxy', kind: 'ServiceProxyOptions', verbs: PROXY_VERBS },
];

/** Those of one kind. */
export function extraSubresourcesOf(type: Pick<ListedKind, 'group' | 'plural'>): readonly ExtraSubresource[] {
  return EXTRA_SUBRESOURCES.filter(
    ({ below = '', plural }) => below === type.group && plural === type.plural,
  );
}

/** The discovery documents of a set of kinds, made once. */
export interface Discovery {
  /** The answer to a discovery path, or undefined where the path is none. */
  readonly answer: (path: string, request: Pick<ApiRequest, 'headers'>) => ApiResponse | undefined;
}

export function createDiscovery(types: readonly ResourceType[]): Discovery {
  const groups = groupTypes([...types, ...UNSTORED_KINDS].toSorted(byGroupAndName));
  const documents = new Map<string, unknown>();
  documents.set('/api', { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] });
  documents.set('/apis', {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [...groups.keys()].filter((g) => g !== '').map((g) => groupDocument(g, groups)),
  });
  for (const [group, versions] of groups) {
    if (group !== '')
      documents.set(`/apis/${group}`, {
        kind: 'APIGroup',
        apiVersion: 'v1',
        ...groupDocument(group, groups),
      });
    for (const [version, members] of versions) {
      const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
      documents.set(path, resourceList(group, version, members));
    }
  }
  const aggregated = new Map<string, object>([
    ['/api', aggregatedDocument([...groups].filter(([group]) => group === ''))],
    ['/apis', aggregatedDocument([...groups].filter(([group]) => group !== ''))],
  ]);
  return {
    answer(path, { headers }) {
      const name = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
      const version = aggregatedVersionOf(headers.accept);
      const whole = version === undefined ? undefined : aggregated.get(name);
      if (version !== undefined && whole !== undefined) {
        const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
        const body = { ...whole, apiVersion: `apidiscovery.k8s.io/${version}` };
        return taggedResponse(body, headers['if-none-match'], { 'content-type': type, vary: 'Accept' });
      }
      const document = documents.get(name);
      return document === undefined ? undefined : jsonResponse(200, document, { vary: 'Accept' });
    },
  };
}

/** With an ETag of its own text; 304 where the client has that already. */
function taggedResponse(
  body: object,
  known: string | undefined,
  headers: Record<string, string>,
): ApiResponse {
  const text = JSON.stringify(body);
  const tag = `"${createHash('sha256').update(text).digest('hex').toUpperCase()}"`;
  const tagged = { ...headers, etag: tag, 'cache-control': 'public' };
  const isKnown = known?.split(',').some((candidate) => candidate.trim() === tag) === true;
  return isKnown ? bytesResponse(304, [], tagged) : bytesResponse(200, [utf8(text)], tagged);
}

/** The aggregated form's version that the client names first, where it names one before plain JSON. */
function aggregatedVersionOf(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const range of (accept ?? '').split(',')) {
    if (!range.includes('as=APIGroupDiscoveryList')) return undefined;
    if (/;v=v2(?:;|$)/u.test(range.replaceAll(' ', ''))) return 'v2';
    if (range.includes('v=v2beta1')) return 'v2beta1';
  }
  return undefined;
}

/**
 * Groups in the order in which clients look for a kind of which they know the short name alone. Others come after these, by
 * name. Source: the priorities of kube-apiserver's own groups.
 */
const GROUP_ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

function byGroupAndName(a: ListedKind, b: ListedKind): number {
  const rank = ({ group }: ListedKind): number => GROUP_ORDER.indexOf(group) + 1 || GROUP_ORDER.length + 1;
  const inOrder = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);
  return rank(a) - rank(b) || inOrder(a.group, b.group) || inOrder(a.plural, b.plural);
}

/** Tells clients when objects begin to be kept in another version. Source: apiserver's `StorageVersionHash`. */
function storageVersionHash(type: ListedKind): string {
  const { group, version } = type.storedAs?.type ?? type;
  const text = `${type.custom?.storage.apiVersion ?? `${group}/${version}`}/${type.kind}`;
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}

type Groups = Map<string, Map<string, ListedKind[]>>;

function groupTypes(types: readonly ListedKind[]): Groups {
  const groups: Groups = new Map();
  for (const type of types) {
    const versions = groups.get(type.group) ?? new Map<string, ListedKind[]>();
    groups.set(type.group, versions);
    versions.set(type.version, [...(versions.get(type.version) ?? []), type]);
  }
  return groups;
}

function groupDocument(group: string, groups: Groups): object {
  const versions = [...(groups.get(group)?.keys() ?? [])]
    .toSorted(newestFirst)
    .map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

/** v2 before v1 before v1beta1 before v1alpha1 (Kubernetes' version priority). */
function newestFirst(a: string, b: string): number {
  const rank = (version: string): [number, number, number] => {
    const match = /^v(?<major>\d+)(?:(?<stage>alpha|beta)(?<minor>\d+))?$/u.exec(version)?.groups;
    const stage = match?.stage === undefined ? 2 : match.stage === 'beta' ? 1 : 0;
    return [stage, Number(match?.major ?? 0), Number(match?.minor ?? 0)];
  };
  const [x, y] = [rank(a), rank(b)];
  return y[0] - x[0] || y[1] - x[1] || y[2] - x[2];
}

/** Of one kind. Kubernetes' own stand by name; those of custom kinds as their definitions tell them. */
function subresourcesOf(type: ListedKind): readonly Omit<ExtraSubresource, 'below' | 'plural'>[] {
  const generic = type.subresources.map((name) => ({
    name,
    ...(name === 'scale' ? SCALE : { kind: type.kind }),
    verbs: GENERIC_VERBS,
  }));
  if (type.custom !== undefined) return generic;
  return [...generic, ...extraSubresourcesOf(type)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const GENERIC_VERBS = ['get', 'patch', 'update'];
const SCALE = { kind: 'Scale', group: 'autoscaling', version: 'v1' };

function resourceList(group: string, version: string, types: readonly ListedKind[]): object {
  const resources = types.flatMap((type) => [
    {
      name: type.plural,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: verbsOf(type),
      ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
      ...(type.categories.length === 0 ? {} : { categories: type.categories }),
      ...(type.verbs === undefined ? { storageVersionHash: storageVersionHash(type) } : {}),
    },
    ...subresourcesOf(type).map(({ name, kind, group: ofGroup, version: ofVersion, verbs }) => ({
      name: `${type.plural}/${name}`,
      singularName: '',
      namespaced: type.namespaced,
      kind,
      ...(ofGroup === undefined ? {} : { group: ofGroup, version: ofVersion }),
      verbs,
    })),
  ]);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources,
  };
}

/** `apidiscovery.k8s.io` APIGroupDiscoveryList (KEP-3352). */
function aggregatedDocument(groups: readonly [string, Map<string, ListedKind[]>][]): object {
  return {
    kind: 'APIGroupDiscoveryList',
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
      versions: [...versions]
        .toSorted(([a], [b]) => newestFirst(a, b))
        .map(([version, types]) => ({
          version,
          freshness: 'Current',
          resources: types.map((type) => aggregatedResource(type)),
        })),
    })),
  };
}

function aggregatedResource(type: ListedKind): object {
  const { group, version, kind } = type;
  const subresources = subresourcesOf(type).map((each) => ({
    subresource: each.name,
    responseKind: { group: each.group ?? group, version: each.version ?? version, kind: each.kind },
    verbs: each.verbs,
  }));
  return {
    resource: type.plural,
    responseKind: { group, version, kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: verbsOf(type),
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

/** The answer to a path of a group, version or kind that is not served. */
export function unknownResource(): StatusError {
  return new StatusError('NotFound', 'the server could not find the requested resource');
}
