import type { Binding } from '#api/core/binding.ts';
import type { Pod } from '#api/core/pod.ts';
import type { KubeObject, ObjectMeta } from '#api/object.ts';
import type { Eviction } from '#api/policy/eviction.ts';
import { badRequest, conflict, methodNotAllowed, notFound, type StatusError } from '#api/status.ts';
import { decodeTypedBody } from '#apiserver/decode-object.ts';
import { checkedDeleteOptions } from '#apiserver/delete-options.ts';
import { EXTRA_SUBRESOURCES, unknownResource } from '#apiserver/discovery.ts';
import { chargeEviction } from '#apiserver/evict-pod.ts';
import type { LogOptions, PodAccess, PodStream } from '#apiserver/pod-access.ts';
import { countOf, flagOf, quoted } from '#apiserver/query-parameters.ts';
import { type ApiRequest, type ApiResponse, jsonResponse, type Sink } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { deleteObject } from '#apiserver/rest-delete.ts';
import { updateObject } from '#apiserver/rest-update.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import { deletionRequestOf, type ResourceRequest } from '#apiserver/verbs.ts';
import { writeRequestOf } from '#apiserver/write-options.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

/** Bytes of a log that may wait for a slow reader; above this no more is read until it has taken them. */
const LOG_BUFFER_BYTES_MAX = 1024 * 1024;

/** Subresources that are streams of both ways: they begin with an upgrade of the connection. */
export const STREAMED: readonly string[] = ['exec', 'attach', 'portforward'];

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
      throw refusalOf(call.subresource);
  }
}

function refusalOf(subresource: string): StatusError {
  if (!EXTRA_SUBRESOURCES.some(({ plural, name }) => plural === 'pods' && name === subresource))
    return unknownResource();
  if (STREAMED.includes(subresource)) return badRequest('Upgrade request required');
  return methodNotAllowed();
}

function decodeBinding({ schemas }: RestContext, { request }: ResourceRequest): Partial<Binding> {
  return decodeTypedBody(request, { schemas, schema: 'core/v1.Binding', kind: 'Binding', version: 'v1' });
}

/** The answer to a Binding that is posted by itself: to the pod whose name it has. */
export async function serveBinding(context: RestContext, call: ResourceRequest): Promise<ApiResponse> {
  if (call.request.method !== 'POST' || call.info.name !== undefined) throw methodNotAllowed();
  const name = decodeBinding(context, call).metadata?.name ?? '';
  if (name === '') throw badRequest('name is required');
  return bind(context, { ...call, name });
}

/** Puts a pod on a node, once; `PodScheduled` turns true with it. */
async function bind(context: RestContext, call: PodRequest): Promise<ApiResponse> {
  const { target, metadata: named } = decodeBinding(context, call);
  assertNamed(named?.name, call, 'Binding');
  const { kind = '', name: node = '' } = target ?? {};
  if (kind !== '' && kind !== 'Node')
    throw badRequest(`target.kind: Unsupported value: ${quoted(kind)}: supported values: "Node", "<empty>"`);
  if (node === '') throw badRequest('target.name: Required value');
  const write = writeRequestOf(call);
  const binding = { target, metadata: { ...named, name: call.name } } as unknown as KubeObject;
  await context.admission.admit({
    ...write,
    operation: 'create',
    type: call.type,
    subresource: 'binding',
    kind: { group: '', version: 'v1', kind: 'Binding' },
    name: call.name,
    namespace: call.info.namespace,
    object: Object.assign(binding, { apiVersion: 'v1', kind: 'Binding' }),
    old: undefined,
  });
  const { revision } = await updateObject(context, call.type, {
    ...write,
    namespace: call.info.namespace,
    name: call.name,
    subresource: 'binding',
    change: (current) => bound(context, current as Pod, { node, named: named ?? {} }),
  });
  // The revision lets the scheduler wait until its view shows the pod on its node.
  const metadata = { resourceVersion: String(revision) };
  return jsonResponse(201, { kind: 'Status', apiVersion: 'v1', metadata, status: 'Success', code: 201 });
}

/** The object that is posted to a pod has the pod's name, or none. */
function assertNamed(name: string | undefined, call: PodRequest, kind: string): void {
  if (name !== undefined && name !== '' && name !== call.name)
    throw badRequest(`name in URL does not match name in ${kind} object`);
}

function bound(
  context: RestContext,
  pod: Pod,
  { node, named: { uid, annotations } }: { node: string; named: Partial<ObjectMeta> },
): Pod {
  const subject = { resource: 'pods/binding', name: pod.metadata.name };
  if (uid !== undefined && uid !== pod.metadata.uid)
    throw conflict(subject, 'Precondition failed: UID in precondition differs');
  if (pod.metadata.deletionTimestamp !== undefined)
    throw conflict(subject, `pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName)
    throw conflict(subject, `pod ${pod.metadata.name} is already assigned to node "${pod.spec.nodeName}"`);
  if ((pod.spec.schedulingGates ?? []).length > 0)
    throw conflict(subject, `pod ${pod.metadata.name} has non-empty .spec.schedulingGates`);
  pod.spec.nodeName = node;
  if (annotations !== undefined) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  const scheduled = {
    type: 'PodScheduled',
    status: 'True' as const,
    lastTransitionTime: timestamp(context.clock.now()),
  };
  const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled');
  pod.status = { ...pod.status, conditions: [...others, scheduled] };
  return pod;
}

/** Deletes the pod, as `kubectl drain` asks for it, where its disruption budget allows it. */
async function evict(context: RestContext, call: PodRequest): Promise<ApiResponse> {
  const { deleteOptions = {}, metadata: named } = decodeTypedBody<Partial<Eviction>>(call.request, {
    schemas: context.schemas,
    schema: 'policy/v1.Eviction',
    kind: 'Eviction',
    version: 'v1',
  });
  assertNamed(named?.name, call, 'Eviction');
  const options = checkedDeleteOptions(deleteOptions);
  const write = deletionRequestOf(call, options);
  const metadata = { name: call.name, namespace: call.info.namespace };
  await context.admission.admit({
    ...write,
    operation: 'create',
    type: call.type,
    subresource: 'eviction',
    kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
    name: call.name,
    namespace: call.info.namespace,
    object: { apiVersion: 'policy/v1', kind: 'Eviction', metadata, deleteOptions } as unknown as KubeObject,
    old: undefined,
  });
  const pod = await findPod(context, call);
  await chargeEviction(context, { pod, write });
  await deleteObject(context, call.type, {
    ...write,
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
  for (let piece = first; piece.done !== true && !sink.closed.aborted; piece = await lines.next()) {
    sink.write(piece.value);
    if (sink.bufferedBytes > LOG_BUFFER_BYTES_MAX) await sink.drained();
  }
  sink.end();
}

function logOptionsOf(query: URLSearchParams, { pod, nowMs }: { pod: Pod; nowMs: number }): LogOptions {
  const sinceSeconds = countOf(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime');
  const sinceMs =
    sinceSeconds !== undefined
      ? nowMs - sinceSeconds * 1000
      : sinceTime === null
        ? undefined
        : timeOf(sinceTime);
  const tailLines = countOf(query, 'tailLines');
  const limitBytes = countOf(query, 'limitBytes');
  return {
    container: containerOf(pod, query.get('container') ?? ''),
    follow: flagOf(query, 'follow'),
    previous: flagOf(query, 'previous'),
    timestamps: flagOf(query, 'timestamps'),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  };
}

function timeOf(text: string): number {
  const ms = parseTimestamp(text);
  if (ms === undefined)
    throw badRequest(`sinceTime: Invalid value: ${quoted(text)}: must be an RFC 3339 time`);
  return ms;
}

/** The container that is meant: the named one, or the only one. */
function containerOf(pod: Pod, wanted: string): string {
  const names = pod.spec.containers.map((container) => container.name);
  const { initContainers = [], ephemeralContainers = [] } = pod.spec;
  const all = [...names, ...[...initContainers, ...ephemeralContainers].map(({ name }) => name)];
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
  await admitStream(context, call);
  return requireAccess(access).streamUrl(pod, streamOf(call.subresource, { pod, request: call.request }));
}

/** A stream is a CONNECT with its options, as in Kubernetes. */
async function admitStream(
  context: RestContext,
  { type, name, subresource, request, user, info }: PodRequest & { readonly subresource: string },
): Promise<void> {
  const kind = { exec: 'PodExecOptions', attach: 'PodAttachOptions' }[subresource] ?? 'PodPortForwardOptions';
  const { query } = request;
  const container = query.get('container');
  const options = {
    apiVersion: 'v1',
    kind,
    ...(kind === 'PodPortForwardOptions'
      ? { ports: query.getAll('ports').flatMap(portsOf) }
      : {
          stdin: flagOf(query, 'stdin'),
          stdout: flagOf(query, 'stdout'),
          stderr: flagOf(query, 'stderr'),
          tty: flagOf(query, 'tty'),
          ...(container === null ? {} : { container }),
        }),
    ...(kind === 'PodExecOptions' ? { command: query.getAll('command') } : {}),
  };
  await context.admission.admit({
    ...writeRequestOf({ request, user }),
    operation: 'connect',
    type,
    subresource,
    kind: { group: '', version: 'v1', kind },
    name,
    namespace: info.namespace,
    object: options as unknown as KubeObject,
    old: undefined,
  });
}

function streamOf(subresource: string, { pod, request }: { pod: Pod; request: ApiRequest }): PodStream {
  const { query } = request;
  const flag = (name: string): boolean => flagOf(query, name);
  if (subresource === 'portforward')
    return { type: 'portForward', ports: query.getAll('ports').flatMap(portsOf) };
  const channels = { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty') };
  const container = containerOf(pod, query.get('container') ?? '');
  if (subresource === 'attach') return { type: 'attach', container, ...channels };
  const command = query.getAll('command');
  if (command.length === 0) throw badRequest('you must specify at least one command for the container');
  return { type: 'exec', container, command, ...channels };
}

/** `ports=8080,9090` or `ports=8080`. */
function portsOf(text: string): number[] {
  return text.split(',').map((part) => {
    const port = Number(part);
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
    throw badRequest(`ports: Invalid value: ${quoted(part)}: must be a port from 1 to 65535`);
  });
}
