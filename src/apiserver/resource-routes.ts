import { resourceName } from '#api/resource.ts';
import { methodNotAllowed } from '#api/status.ts';
import type { AccessControl } from '#apiserver/access-control.ts';
import { serveApiServices } from '#apiserver/api-services.ts';
import { serveTokenRequest } from '#apiserver/authentication/token-request.ts';
import { serveReview } from '#apiserver/authorization/access-reviews.ts';
import { type Component, serveComponentStatuses } from '#apiserver/component-statuses.ts';
import { unknownResource } from '#apiserver/discovery.ts';
import { guardedStore } from '#apiserver/guarded-store.ts';
import { finalizeNamespace } from '#apiserver/namespace-finalize.ts';
import type { PodAccess } from '#apiserver/pod-access.ts';
import { serveBinding, servePodSubresource } from '#apiserver/pod-subresources.ts';
import { serveProxy } from '#apiserver/proxy.ts';
import type { ApiRequest, ApiResponse } from '#apiserver/request.ts';
import { addWarning, notesOf } from '#apiserver/request-notes.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { serveScale } from '#apiserver/scale.ts';
import type { Served, ServedKinds } from '#apiserver/served-kinds.ts';
import { isUnstored } from '#apiserver/unstored-kinds.ts';
import { type AllowedRequest, type NamedRequest, serveObjects } from '#apiserver/verbs.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { Forward } from '#system/http-forward.ts';

/** What stands behind subresources and kinds that are no stored objects. */
export interface RouteOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly access: AccessControl;
  /** What runs beside the API server in this process. */
  readonly components: readonly Component[];
  /** Where pods run here; absent at a hub. */
  readonly pods?: () => PodAccess;
  /** How requests go on to what is behind pods, services and nodes; absent at a hub. */
  readonly forward?: Forward;
}

/** A request that its user may make, before it is known which kind it is about. */
type RoutedRequest = Omit<AllowedRequest, 'type'>;

/** The answer to a request for objects, for a part of them, or for what is only asked. */
export async function serveResource(
  served: ServedKinds,
  routed: RoutedRequest,
  options: RouteOptions,
): Promise<ApiResponse> {
  const { request, info } = routed;
  const { schemas } = served.now.kinds;
  const review = await serveReview({ ...options.access, schemas }, routed);
  if (review !== undefined) return review;
  if (isUnstored(info)) return serveUnstored(served, routed, options);
  const { type, context: unguarded, kinds } = await served.resolve(info);
  const context = guarded(unguarded, request);
  const deprecation = type.custom?.deprecation ?? type.deprecation;
  if (deprecation !== undefined) addWarning(notesOf(request), deprecation);
  const call = { ...routed, type };
  const { name, subresource } = info;
  if (subresource === undefined) return serveObjects(context, call);
  if (name === undefined) throw unknownResource();
  return serveSubresource(context, { ...call, name, subresource, kinds }, options);
}

async function serveSubresource(
  context: RestContext,
  call: AllowedRequest & NamedRequest & Pick<Served, 'kinds'> & { readonly subresource: string },
  { access, forward, pods }: RouteOptions,
): Promise<ApiResponse> {
  const { request, info, type, subresource, kinds } = call;
  const isServed = (type.subresources as readonly string[]).includes(subresource);
  if (isServed) return subresource === 'scale' ? serveScale(context, call) : serveObjects(context, call);
  switch (`${resourceName(type)}/${subresource}`) {
    case 'certificatesigningrequests.certificates.k8s.io/approval':
    case 'pods/ephemeralcontainers':
      return serveObjects(context, call);
    case 'nodes/proxy':
    case 'pods/proxy':
    case 'services/proxy':
      return serveProxy(context, { ...call, rest: info.rest ?? '' }, forward);
    case 'serviceaccounts/token':
      if (request.method !== 'POST') throw methodNotAllowed();
      return serveTokenRequest(context, call, access.tokens);
    case 'namespaces/finalize':
      return finalizeNamespace(context, { ...call, types: kinds.types });
    default:
      if (resourceName(type) !== 'pods') throw unknownResource();
      return servePodSubresource(context, call, pods?.());
  }
}

async function serveUnstored(
  served: ServedKinds,
  routed: RoutedRequest,
  options: RouteOptions,
): Promise<ApiResponse> {
  const { request, info } = routed;
  if (info.subresource !== undefined) throw unknownResource();
  if (info.plural === 'bindings') {
    const { type, context } = await served.resolve({ ...info, plural: 'pods' });
    return serveBinding(guarded(context, request), { ...routed, type });
  }
  if (request.method !== 'GET') throw methodNotAllowed();
  switch (info.plural) {
    case 'apiservices':
      return serveApiServices(served.now.kinds, request, { name: info.name, clock: options.clock });
    case 'componentstatuses':
      return serveComponentStatuses(options, request, info.name);
    default:
      throw methodNotAllowed();
  }
}

/** The context for one request: with the store behind the guard that the request carries. */
function guarded(context: RestContext, { guard }: ApiRequest): RestContext {
  return guard === undefined ? context : { ...context, store: guardedStore(context.store, guard) };
}
