import { methodNotAllowed, StatusError } from '#api/status.ts';
import { flagOf } from '#apiserver/query-parameters.ts';

/** What a path asks for. */
export type RequestInfo =
  | { readonly type: 'nonResource'; readonly path: string }
  | {
      readonly type: 'resource';
      readonly group: string;
      readonly version: string;
      readonly plural: string;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string | undefined;
      /** Of the subresource `proxy`: what follows it in the path, as it came. Empty, or it begins with a slash. */
      readonly rest?: string;
    };

/** The path of an object, or of a collection. */
export type ResourcePath = Extract<RequestInfo, { type: 'resource' }>;

/** The longest path, in characters; a longer one is 404. */
const PATH_CHARS_MAX = 8192;

/** The longest part of a path between two slashes, in bytes: longer than any name may be; a longer one is 404. */
const SEGMENT_BYTES_MAX = 400;

/** What stands for no name, and must not be taken for one. */
const EMPTY_SEGMENTS = new Set(['', '.', '..']);

/** Sub-paths of `namespaces/NAME/…` that are the namespace's own subresources and no kind in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** What is behind a pod, a service or a node has paths of its own. */
const PROXIED = /^(\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy)(\/.*)$/u;

/** Where what the path of one request asks for is kept once it was read. */
export interface Informed {
  readonly path: string;
  info?: RequestInfo;
}

/** What a request asks for by its path, read at the first call. Throws as {@link parsePath}. */
export function infoOf(request: Informed): RequestInfo {
  request.info ??= parsePath(request.path);
  return request.info;
}

/** As {@link infoOf}; undefined where the path cannot be read, which is the answer's to say. */
export function readableInfoOf(request: Informed): RequestInfo | undefined {
  try {
    return infoOf(request);
  } catch {
    // Whoever answers the request throws it again.
    return undefined;
  }
}

/**
 * Reads a path as Kubernetes' `RequestInfoFactory` does: `/api/v1/…` and `/apis/GROUP/VERSION/…`. Authorisation and
 * routing both use this one reading.
 */
export function parsePath(path: string): RequestInfo {
  if (path.length > PATH_CHARS_MAX) throw notServed();
  const proxied = path.includes('/proxy/') ? PROXIED.exec(path) : null;
  if (proxied !== null) {
    const [, before = '', rest = ''] = proxied;
    const info = resourceOf(before);
    if (info !== undefined) return { ...info, rest };
  }
  return resourceOf(path) ?? { type: 'nonResource', path };
}

/** What a path of objects asks for; undefined where it is none. */
function resourceOf(path: string): ResourcePath | undefined {
  const segments = path.split('/').slice(1).map(decodeSegment);
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  const [root, ...after] = segments;
  const grouped = root === 'apis' ? 2 : root === 'api' ? 1 : undefined;
  if (grouped === undefined || after.length <= grouped) return undefined;
  if (segments.some((segment) => EMPTY_SEGMENTS.has(segment))) throw notServed();
  const [group, version] = grouped === 2 ? [after[0] ?? '', after[1] ?? ''] : ['', after[0] ?? ''];
  return { type: 'resource', group, version, ...parseResource(after.slice(grouped)) };
}

function parseResource(parts: string[]): {
  plural: string;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
} {
  const [first = '', second, third] = parts;
  const inNamespace = first === 'namespaces' && third !== undefined && !NAMESPACE_SUBRESOURCES.has(third);
  const [plural = '', name, subresource, ...rest] = inNamespace ? parts.slice(2) : parts;
  if (rest.length > 0) throw notServed();
  const ofNamespace = plural === 'namespaces' && !inNamespace;
  return {
    plural,
    namespace: inNamespace ? second : ofNamespace ? name : undefined,
    name,
    subresource,
  };
}

/** Segments of these characters alone mean what they say. */
const PLAIN_SEGMENT = /^[\w.-]*$/;

function decodeSegment(segment: string): string {
  if (segment.length <= SEGMENT_BYTES_MAX && PLAIN_SEGMENT.test(segment)) return segment;
  try {
    const decoded = decodeURIComponent(segment);
    if (decoded.includes('/') || decoded.includes('\0')) throw new URIError('a separator inside a segment');
    if (Buffer.byteLength(decoded) > SEGMENT_BYTES_MAX) throw new URIError('a name that is too long');
    return decoded;
  } catch (cause) {
    throw notServed(cause);
  }
}

function notServed(cause?: unknown): StatusError {
  return new StatusError('NotFound', 'the server could not find the requested resource', { cause });
}

/** The verb that RBAC rules name. */
export function verbOf(method: string, info: RequestInfo, query: URLSearchParams): string {
  if (info.type === 'nonResource') return method.toLowerCase();
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (info.name !== undefined) return 'get';
      return isWatch(query) ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return info.name === undefined ? 'deletecollection' : 'delete';
    case 'OPTIONS':
      // Of a proxied request: as upstream, only who may do everything may ask that.
      if (info.subresource === 'proxy') return '';
      throw methodNotAllowed();
    default:
      throw methodNotAllowed();
  }
}

/** Whether a request for a collection is a watch of it. */
export function isWatch(query: URLSearchParams): boolean {
  return flagOf(query, 'watch');
}
