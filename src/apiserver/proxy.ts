import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { badRequest, StatusError } from '#api/status.ts';
import { describeConnectionError } from '#apiserver/call-failure.ts';
import { proxyTargetOf } from '#apiserver/proxy-target.ts';
import { type ApiResponse, textResponse, utf8 } from '#apiserver/request.ts';
import { notesOf } from '#apiserver/request-notes.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import type { NamedRequest } from '#apiserver/verbs.ts';
import type { Forward, ForwardedUpgrade, ForwardTarget } from '#system/http-forward.ts';

/** A request for what is behind a pod, a service or a node. */
export type ProxyRequest = NamedRequest & {
  /** What follows `/proxy` in the path, as it came: empty, or it begins with a slash. */
  readonly rest: string;
};

/** Kinds of a CONNECT's options, by plural. */
const OPTION_KINDS: Readonly<Record<string, string>> = {
  pods: 'PodProxyOptions',
  services: 'ServiceProxyOptions',
  nodes: 'NodeProxyOptions',
};

/** Whether a kind has the subresource `proxy`. */
export function isProxied({ group, plural }: ResourceType): boolean {
  return group === '' && Object.hasOwn(OPTION_KINDS, plural);
}

/** Headers that are for the API server alone: nobody behind it learns how its clients prove who they are. */
const OF_SERVER = /^(?:authorization|impersonate-.*|x-remote-.*|content-length|http2-settings)$/u;

/** The path of what is behind, and what stands before it in the path that the client asked for. */
function pathsOf({ request, rest }: ProxyRequest): { readonly path: string; readonly prefix: string } {
  const query = request.rawQuery ?? '';
  const prefix = request.path.slice(0, request.path.length - rest.length);
  return { path: `${rest === '' ? '/' : rest}${query === '' ? '' : `?${query}`}`, prefix };
}

function headersOf({ request, rest }: ProxyRequest, prefix: string): Record<string, string> {
  const kept = Object.entries(request.headers).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !OF_SERVER.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), 'x-forwarded-uri': `${prefix}${rest}`, 'x-forwarded-proto': 'https' };
}

async function targetOf(context: RestContext, call: ProxyRequest): Promise<ForwardTarget> {
  const { type, name, info, request, user, rest } = call;
  const kind = OPTION_KINDS[type.plural] ?? '';
  const options = { apiVersion: 'v1', kind, ...(rest === '' ? {} : { path: rest }) };
  await context.admission.admit({
    // Its query belongs to what is behind: nothing of it is for this server.
    user,
    dryRun: false,
    fieldManager: '',
    notes: notesOf(request),
    operation: 'connect',
    type,
    subresource: 'proxy',
    kind: { group: '', version: 'v1', kind },
    name,
    namespace: info.namespace,
    object: options as unknown as KubeObject,
    old: undefined,
  });
  return proxyTargetOf(context, { plural: type.plural, namespace: info.namespace, name });
}

function required<T>(forward: T | undefined): T {
  if (forward !== undefined) return forward;
  throw badRequest(
    'pods do not run here: this is a hub, where workloads are templates. Ask the site that runs them.',
  );
}

/**
 * The `proxy` subresource of pods, services and nodes: the request goes on to what is behind, and its answer comes back.
 * An empty path is answered by a redirection to `/`, so that relative links lead where they should.
 */
export async function serveProxy(
  context: RestContext,
  call: ProxyRequest,
  forward: Forward | undefined,
): Promise<ApiResponse> {
  const send = required(forward);
  const { request, rest } = call;
  const { path, prefix } = pathsOf(call);
  const target = await targetOf(context, call);
  if (rest === '' && request.method === 'GET') {
    const query = request.rawQuery ?? '';
    const location = `${request.path}/${query === '' ? '' : `?${query}`}`;
    return { ...textResponse(301, ''), headers: { location } };
  }
  const headers = headersOf(call, prefix);
  const answer = await send({ target, method: request.method, path, headers, body: request.body }).catch(
    (cause: unknown) => {
      throw unreachable(cause);
    },
  );
  return { ...answer, headers: answerHeaders(answer.headers, { request, target, prefix }) };
}

function unreachable(cause: unknown): StatusError {
  const why = `error trying to reach service: ${describeConnectionError(cause)}`;
  return new StatusError('ServiceUnavailable', why, { cause });
}

/** Without what a browser would take for the API server's own rules; redirections lead through the proxy again. */
function answerHeaders(
  headers: Readonly<Record<string, string>>,
  to: { readonly request: ProxyRequest['request']; readonly target: ForwardTarget; readonly prefix: string },
): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith('access-control-'));
  const passed = Object.fromEntries(kept);
  const { location } = passed;
  return location === undefined ? passed : { ...passed, location: redirection(location, to) };
}

function redirection(
  location: string,
  {
    request,
    target,
    prefix,
  }: {
    readonly request: ProxyRequest['request'];
    readonly target: ForwardTarget;
    readonly prefix: string;
  },
): string {
  const [, origin = '', host = '', path = ''] = /^(?:([a-z]+:\/\/([^/?#]*)))?(.*)$/u.exec(location) ?? [];
  const own = new Set(['', target.address, `${target.address}:${target.port}`, request.headers.host ?? '']);
  if (!own.has(host) || !path.startsWith('/')) return location;
  const base = origin === '' ? '' : `https://${request.headers.host ?? ''}`;
  return path.startsWith(prefix) ? `${base}${path}` : `${base}${prefix}${path}`;
}

/** Where an upgraded connection through a `proxy` subresource is to be spliced to. */
export async function proxyUpgrade(
  context: RestContext,
  call: ProxyRequest,
  forward: Forward | undefined,
): Promise<ForwardedUpgrade> {
  required(forward);
  const { path, prefix } = pathsOf(call);
  const target = await targetOf(context, call);
  return {
    target,
    method: call.request.method,
    path,
    headers: headersOf(call, prefix),
    refusal: (error) => {
      const status = unreachable(error).toStatus();
      const body = utf8(JSON.stringify(status));
      const head = `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
      return Buffer.concat([utf8(head), body]);
    },
  };
}
