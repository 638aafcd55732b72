import { type Endpoints, endpointsResource } from '#api/core/endpoints.ts';
import { type Node, nodeResource } from '#api/core/node.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { type Service, serviceResource } from '#api/core/service.ts';
import { ipFamily } from '#api/ip-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { badRequest, notFound, StatusError } from '#api/status.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import type { ForwardTarget } from '#system/http-forward.ts';
import { randomInteger } from '#system/random.ts';

/** What a name before `/proxy` says: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
interface ProxyName {
  readonly scheme: '' | 'http' | 'https';
  readonly name: string;
  /** A number or a name; '' for the first one. */
  readonly port: string;
}

/** Reads a name before `/proxy`; `kind` is for the message. */
function parseProxyName(text: string, kind: string): ProxyName {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] =
    parts.length === 3 ? parts : ['', parts[0] ?? '', parts[1] ?? ''];
  const isKnown = scheme === '' || scheme === 'http' || scheme === 'https';
  if (parts.length > 3 || name === '' || !isKnown) throw badRequest(`invalid ${kind} request "${text}"`);
  return { scheme, name, port };
}

/** Where to find what a `proxy` subresource stands for. Throws as Kubernetes does where there is no such thing, or no way to it. */
export async function proxyTargetOf(
  context: RestContext,
  of: { readonly plural: string; readonly namespace: string | undefined; readonly name: string },
): Promise<ForwardTarget> {
  const wanted = parseProxyName(of.name, of.plural.slice(0, -1));
  const finder = { context, namespace: of.namespace };
  switch (of.plural) {
    case 'pods':
      return podTarget(finder, wanted);
    case 'services':
      return serviceTarget(finder, wanted, of.name);
    default:
      return nodeTarget(finder, wanted);
  }
}

interface Finder {
  readonly context: RestContext;
  readonly namespace: string | undefined;
}

async function find<T extends KubeObject>(
  { context, namespace }: Finder,
  type: ResourceType,
  name: string,
): Promise<T | undefined> {
  const entry = await context.store.get(objectStoreKey(type, { namespace, name }));
  return entry === undefined ? undefined : decodeObject<T>(entry.value);
}

async function podTarget(finder: Finder, { scheme, name, port }: ProxyName): Promise<ForwardTarget> {
  const pod = await find<Pod>(finder, podResource, name);
  if (pod === undefined) throw notFound({ resource: 'pods', name });
  const { containers } = pod.spec;
  const declared = containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  return {
    scheme: scheme || 'http',
    address: reachable(pod.status?.podIP ?? ''),
    port: portOf(port, declared ?? defaultPort(scheme)),
  };
}

function defaultPort(scheme: ProxyName['scheme']): number {
  return scheme === 'https' ? 443 : 80;
}

function portOf(text: string, otherwise: number): number {
  if (text === '') return otherwise;
  const port = Number(text);
  if (/^\d+$/u.test(text) && port >= 1 && port <= 65_535) return port;
  throw unreachable(`error trying to reach service: dial tcp: lookup tcp/${text}: unknown port`);
}

/** An address that a client may be led to: none of this host's own, and none that holds for a single link. */
function reachable(address: string): string {
  const family = ipFamily(address);
  const text = address.toLowerCase();
  const isOwn =
    family === 'IPv4'
      ? /^(?:0|127|169\.254|22[4-9]|23\d|255\.255\.255\.255)(?:\.|$)/u.test(text)
      : text === '::1' || text === '::' || /^(?:fe[89ab]|ff|::ffff:)/u.test(text);
  if (family === undefined || isOwn) throw badRequest('address not allowed');
  return address;
}

async function serviceTarget(
  finder: Finder,
  { scheme, name, port }: ProxyName,
  asked: string,
): Promise<ForwardTarget> {
  const portName = await servicePortName(finder, { name, port });
  const endpoints = await find<Endpoints>(finder, endpointsResource, name);
  if (endpoints === undefined) throw notFound({ resource: 'endpoints', name });
  for (const { addresses = [], ports = [] } of shuffled(endpoints.subsets ?? [], finder.context)) {
    const found = ports.find((each) => (each.name ?? '') === portName);
    if (found === undefined) continue;
    for (const { ip, targetRef } of shuffled(addresses, finder.context)) {
      if (!(await isPodsOwn(finder, { ip, pod: targetRef?.kind === 'Pod' ? targetRef.name : undefined })))
        continue;
      return { scheme: scheme || 'http', address: reachable(ip), port: found.port };
    }
  }
  throw unreachable(`no endpoints available for service "${asked}"`);
}

/** Ports are known by name in endpoints: a number is one of the service's own. */
async function servicePortName(
  finder: Finder,
  { name, port }: { readonly name: string; readonly port: string },
): Promise<string> {
  if (!/^\d+$/u.test(port)) return port;
  const service = await find<Service>(finder, serviceResource, name);
  if (service === undefined) throw notFound({ resource: 'services', name });
  const found = (service.spec.ports ?? []).find((each) => each.port === Number(port));
  if (found === undefined) throw unreachable(`no service port ${port} found for service "${name}"`);
  return found.name ?? '';
}

/** Whoever may write endpoints could else lead a client anywhere. */
async function isPodsOwn(
  finder: Finder,
  { ip, pod: name }: { readonly ip: string; readonly pod: string | undefined },
): Promise<boolean> {
  if (name === undefined) return false;
  const pod = await find<Pod>(finder, podResource, name);
  return pod?.status?.podIP === ip || (pod?.status?.podIPs ?? []).some((each) => each.ip === ip);
}

/** In an order by chance: the work is shared among the addresses. */
function shuffled<T>(items: readonly T[], { random }: RestContext): T[] {
  if (items.length < 2) return [...items];
  const start = randomInteger(random, items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}

async function nodeTarget(finder: Finder, { scheme, name, port }: ProxyName): Promise<ForwardTarget> {
  const node = await find<Node>({ ...finder, namespace: undefined }, nodeResource, name);
  if (node === undefined) throw notFound({ resource: 'nodes', name });
  if (port === '')
    throw unreachable(
      `node "${name}" serves no API of its own here: name a port, as in nodes/${name}:9100/proxy/`,
    );
  const address = (node.status?.addresses ?? []).find(({ type }) => type === 'InternalIP')?.address ?? '';
  return { scheme: scheme || 'http', address: reachable(address), port: portOf(port, 0) };
}

function unreachable(message: string): StatusError {
  return new StatusError('ServiceUnavailable', message);
}
