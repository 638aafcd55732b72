import type { Pod } from '#api/core/pod.ts';
import type { KubeObject } from '#api/object.ts';
import { badRequest, conflict, notFound, StatusError } from '#api/status.ts';
import { decodeBodyValue } from '#apiserver/decode-object.ts';
import type { LogOptions, PodAccess, PodStream } from '#apiserver/pod-access.ts';
import { type ApiRequest, type ApiResponse, jsonResponse, type Sink } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { type DeleteOptions, deleteObject } from '#apiserver/rest-delete.ts';
import { updateObject } from '#apiserver/rest-write.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import { type ResourceRequest, writeRequestOf } from '#apiserver/verbs.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

type PodRequest = ResourceRequest & { readonly name: string };

/** The answer to `binding`, `eviction` and `log` of a pod. */
export async function servePodSubresource(
  context: RestContext,
  call: PodRequest & { readonly subresource: string },
  access: PodAccess | undefined,
): Promise<ApiResponse> {
  const { request } = call;
  switch (`${request.method} ${call.subresource}`) {
    case 'POST binding':
      return bind(context, call);
    case 'POST eviction':
      return evict(context, call);
    case 'GET log':
      return log(context, call, access);
    default:
      throw new StatusError(
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      );
  }
}

/** Puts a pod on a node, once; `PodScheduled` turns true with it. */
async function bind(context: RestContext, call: PodRequest): Promise<ApiResponse> {
  const body = decodeBodyValue(call.request) as { target?: { name?: string }; metadata?: { uid?: string } };
  const node = body.target?.name;
  if (node === undefined || node === '') throw badRequest('target.name: Required value: the node to bind to');
  const { revision } = await updateObject(context, call.type, {
    ...writeRequestOf(call),
    namespace: call.info.namespace,
    name: call.name,
    subresource: 'binding',
    change: (current) => bound(context, current as Pod, { node, uid: body.metadata?.uid }),
  });
  // The revision lets the scheduler wait until its view shows the pod on its node.
  const metadata = { resourceVersion: String(revision) };
  return jsonResponse(201, { kind: 'Status', apiVersion: 'v1', metadata, status: 'Success', code: 201 });
}

function bound(
  context: RestContext,
  pod: Pod,
  { node, uid }: { node: string; uid: string | undefined },
): Pod {
  const subject = { resource: 'pods/binding', name: pod.metadata.name };
  if (uid !== undefined && uid !== pod.metadata.uid)
    throw conflict(subject, 'Precondition failed: UID in precondition differs');
  if (pod.metadata.deletionTimestamp !== undefined)
    throw conflict(subject, `pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName)
    throw conflict(subject, `pod ${pod.metadata.name} is already assigned to node "${pod.spec.nodeName}"`);
  pod.spec.nodeName = node;
  const scheduled = {
    type: 'PodScheduled',
    status: 'True' as const,
    lastTransitionTime: timestamp(context.clock.now()),
  };
  const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled');
  pod.status = { ...pod.status, conditions: [...others, scheduled] };
  return pod;
}

/** Deletes the pod, as `kubectl drain` asks for it. */
async function evict(context: RestContext, call: PodRequest): Promise<ApiResponse> {
  const body = decodeBodyValue(call.request) as { deleteOptions?: DeleteOptions };
  const options = body.deleteOptions ?? {};
  await deleteObject(context, call.type, {
    ...writeRequestOf(call),
    namespace: call.info.namespace,
    name: call.name,
    options,
  });
  return jsonResponse(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

async function findPod(context: RestContext, call: PodRequest): Promise<Pod> {
  const entry = await context.store.get(
    objectStoreKey(call.type, { namespace: call.info.namespace, name: call.name }),
  );
  if (entry === undefined) throw notFound({ resource: 'pods', name: call.name });
  return decodeObject<KubeObject>(entry.value) as Pod;
}

function requireAccess(access: PodAccess | undefined): PodAccess {
  if (access !== undefined) return access;
  throw badRequest(
    'pods do not run here: this is a hub, where workloads are templates. Ask the site that runs the pod.',
  );
}

async function log(
  context: RestContext,
  call: PodRequest,
  access: PodAccess | undefined,
): Promise<ApiResponse> {
  const pod = await findPod(context, call);
  const options = logOptionsOf(call.request.query, { pod, nowMs: context.clock.now() });
  const abort = new AbortController();
  const lines = requireAccess(access).logs(pod, options, abort.signal)[Symbol.asyncIterator]();
  // The first piece is awaited here, so that an error of the log is the answer's status.
  const first = await lines.next();
  const start = (sink: Sink): void => {
    sink.closed.addEventListener('abort', () => abort.abort(), { once: true });
    void pump({ lines, first, sink }).catch((error: unknown) => {
      context.log.info('a log stream broke off', { pod: call.name, error });
      sink.end();
    });
  };
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: { type: 'stream', start } };
}

async function pump({
  lines,
  first,
  sink,
}: {
  lines: AsyncIterator<Uint8Array>;
  first: IteratorResult<Uint8Array>;
  sink: Sink;
}): Promise<void> {
  for (let piece = first; piece.done !== true && !sink.closed.aborted; piece = await lines.next())
    sink.write(piece.value);
  sink.end();
}

function logOptionsOf(query: URLSearchParams, { pod, nowMs }: { pod: Pod; nowMs: number }): LogOptions {
  const sinceSeconds = numberOf(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime');
  const sinceMs =
    sinceSeconds !== undefined
      ? nowMs - sinceSeconds * 1000
      : sinceTime === null
        ? undefined
        : timeOf(sinceTime);
  const tailLines = numberOf(query, 'tailLines');
  const limitBytes = numberOf(query, 'limitBytes');
  return {
    container: containerOf(pod, query.get('container') ?? ''),
    follow: query.get('follow') === 'true',
    previous: query.get('previous') === 'true',
    timestamps: query.get('timestamps') === 'true',
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  };
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/u.test(text))
    throw badRequest(`${name}: Invalid value: "${text.slice(0, 100)}": must be a number of at least 0`);
  return Number(text);
}

function timeOf(text: string): number {
  const ms = parseTimestamp(text);
  if (ms === undefined)
    throw badRequest(`sinceTime: Invalid value: "${text.slice(0, 100)}": must be an RFC 3339 time`);
  return ms;
}

/** The container that is meant: the named one, or the only one. */
function containerOf(pod: Pod, wanted: string): string {
  const names = pod.spec.containers.map((container) => container.name);
  const all = [...names, ...(pod.spec.initContainers ?? []).map((container) => container.name)];
  const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (wanted !== '') {
    if (all.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`);
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  if (annotated !== undefined && all.includes(annotated)) return annotated;
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${all.join(' ')}]`,
  );
}

/** What an upgraded connection (exec, attach, portforward) is to be connected to. */
export async function podStreamUrl(
  context: RestContext,
  call: PodRequest & { readonly subresource: string },
  access: PodAccess | undefined,
): Promise<string> {
  const pod = await findPod(context, call);
  return requireAccess(access).streamUrl(pod, streamOf(call.subresource, { pod, request: call.request }));
}

function streamOf(subresource: string, { pod, request }: { pod: Pod; request: ApiRequest }): PodStream {
  const { query } = request;
  const flag = (name: string): boolean => query.get(name) === 'true' || query.get(name) === '1';
  if (subresource === 'portforward') return { type: 'portForward', ports: query.getAll('ports').map(Number) };
  const channels = { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty') };
  const container = containerOf(pod, query.get('container') ?? '');
  if (subresource === 'attach') return { type: 'attach', container, ...channels };
  const command = query.getAll('command');
  if (command.length === 0) throw badRequest('you must specify at least one command for the container');
  return { type: 'exec', container, command, ...channels };
}
