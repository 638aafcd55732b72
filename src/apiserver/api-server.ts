import { badRequest, forbidden, methodNotAllowed, StatusError } from '#api/status.ts';
import { AdmissionChain } from '#apiserver/admission/chain.ts';
import { CreationsUnderWay, namespaceLifecycle } from '#apiserver/admission/namespace-lifecycle.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { inWantedForm } from '#apiserver/answer-form.ts';
import type { Auditor } from '#apiserver/audit/auditor.ts';
import { openIdDocument } from '#apiserver/authentication/discovery-documents.ts';
import { impersonationOf } from '#apiserver/authentication/impersonation.ts';
import { type Attributes, describeRefusal } from '#apiserver/authorize.ts';
import { isComponent } from '#apiserver/components.ts';
import { createConvert } from '#apiserver/custom/convert-objects.ts';
import type { Definitions } from '#apiserver/custom/definitions.ts';
import { unknownResource } from '#apiserver/discovery.ts';
import { errorResponse } from '#apiserver/error-response.ts';
import { healthResponse } from '#apiserver/health.ts';
import type { Kinds } from '#apiserver/kinds.ts';
import { withNotes } from '#apiserver/noted-response.ts';
import { ObjectTurns } from '#apiserver/object-turns.ts';
import { podStreamUrl, STREAMED } from '#apiserver/pod-subresources.ts';
import { isProxied, proxyUpgrade } from '#apiserver/proxy.ts';
import { quoted } from '#apiserver/query-parameters.ts';
import {
  type ApiRequest,
  type ApiResponse,
  jsonResponse,
  textResponse,
  type User,
} from '#apiserver/request.ts';
import { infoOf, type RequestInfo, type ResourcePath, verbOf } from '#apiserver/request-info.ts';
import { createRequestMetrics, type RequestMetrics } from '#apiserver/request-metrics.ts';
import { addAuditAnnotation, notesOf } from '#apiserver/request-notes.ts';
import { type RouteOptions, serveResource } from '#apiserver/resource-routes.ts';
import { exactNameOf } from '#apiserver/rest-list.ts';
import { ServedKinds } from '#apiserver/served-kinds.ts';
import { versionDocument } from '#apiserver/version.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { ForwardedUpgrade } from '#system/http-forward.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** A path of its own beside the API, such as the enrolment of hosts. It authenticates by itself where `anonymous`. */
export interface Route {
  readonly path: string;
  readonly anonymous: boolean;
  readonly handle: (request: ApiRequest) => Promise<ApiResponse>;
}

export interface ApiServerOptions extends RouteOptions {
  readonly store: Store;
  readonly kinds: Kinds;
  /** What keeps the kinds in step with the stored definitions. */
  readonly definitions: Definitions;
  /** After the life cycle of namespaces, which every server keeps; in this order. */
  readonly admission: readonly AdmissionPlugin[];
  readonly routes: readonly Route[];
  /** Nothing is told of requests where absent. */
  readonly audit?: Auditor;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What an upgraded connection leads to: a streaming endpoint of a runtime, or a server behind a `proxy` subresource. */
export type UpgradeTarget =
  | { readonly type: 'url'; readonly url: string }
  | { readonly type: 'forward'; readonly forward: ForwardedUpgrade };

/** The Kubernetes API over a store: one function from request to response, whatever carries them. */
export interface ApiServer {
  /** Never rejects: an error is a Status. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** What an upgrade request is to be connected to, or the refusal. */
  upgrade(request: ApiRequest): Promise<UpgradeTarget | { type: 'refused'; response: ApiResponse }>;
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const server = new Server(options);
  return {
    handle: (request) =>
      server.metrics.measure(request, () => server.audited(request, () => server.answer(request))),
    async upgrade(request) {
      let target: UpgradeTarget | undefined;
      const response = await server.audited(request, () =>
        server.guarded(request, async () => {
          target = await server.upgradeTarget(request);
          return textResponse(101, '');
        }),
      );
      return target ?? { type: 'refused', response };
    },
  };
}

class Server {
  readonly #options: ApiServerOptions;
  readonly #served: ServedKinds;
  readonly metrics: RequestMetrics;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    const creations = new CreationsUnderWay();
    const plugins = [
      namespaceLifecycle({ underWay: creations, shared: options.store.shared }),
      ...options.admission,
    ];
    this.#served = new ServedKinds(options, {
      ...options,
      turns: new ObjectTurns(),
      creations,
      admission: new AdmissionChain(plugins, options.store),
      convert: createConvert(options),
    });
    this.metrics = createRequestMetrics(
      options.clock,
      (type) => options.kinds.current.find(type) !== undefined,
    );
  }

  /** Tells the audit log of a request, where there is one. */
  audited(request: ApiRequest, handle: () => Promise<ApiResponse>): Promise<ApiResponse> {
    return this.#options.audit === undefined ? handle() : this.#options.audit.watch(request, handle);
  }

  async answer(request: ApiRequest): Promise<ApiResponse> {
    const plain = await this.guarded(request, () => this.serve(request));
    const response = inWantedForm(request, plain);
    return request.notes === undefined ? response : withNotes(response, request.notes);
  }

  /** Runs a handler and turns whatever it throws into the Status that the client sees. */
  async guarded(request: ApiRequest, handler: () => Promise<ApiResponse>): Promise<ApiResponse> {
    try {
      return await handler();
    } catch (error) {
      return errorResponse(request, error, this.#options.log);
    }
  }

  async serve(request: ApiRequest): Promise<ApiResponse> {
    const info = infoOf(request);
    if (info.type === 'nonResource' || info.rest === undefined) assertReadable(request);
    return info.type === 'nonResource'
      ? this.#serveNonResource(request, info)
      : this.#serveResource(request, info);
  }

  async upgradeTarget(request: ApiRequest): Promise<UpgradeTarget> {
    const info = infoOf(request);
    if (info.type !== 'resource') throw unknownResource();
    const { name, subresource, rest } = info;
    if (subresource === 'proxy' && name !== undefined)
      return this.#proxyUpgrade(request, { ...info, name, rest: rest ?? '' });
    const isStream = info.group === '' && info.plural === 'pods' && STREAMED.includes(subresource ?? '');
    if (!isStream || name === undefined || subresource === undefined)
      throw badRequest('this path cannot be upgraded');
    const user = await this.#authenticate(request);
    // Opening a stream into a pod is a `create`, also where WebSocket makes it a GET: `get` alone does not allow it.
    const needed = {
      type: 'resource',
      verb: 'create',
      group: '',
      resource: `pods/${subresource}`,
      namespace: info.namespace,
      name,
    } as const;
    this.#authorize(user, needed, request);
    const { type, context } = await this.#served.resolve(info);
    const call = { request, info, type, user, name, subresource };
    return { type: 'url', url: await podStreamUrl(context, call, this.#options.pods?.()) };
  }

  async #proxyUpgrade(
    request: ApiRequest,
    info: ResourcePath & { readonly name: string; readonly rest: string },
  ): Promise<UpgradeTarget> {
    const { name, rest, namespace } = info;
    const user = await this.#authenticate(request);
    const verb = verbOf(request.method, info, request.query);
    const resource = `${info.plural}/proxy`;
    this.#authorize(user, { type: 'resource', verb, group: '', resource, namespace, name }, request);
    const { type, context } = await this.#served.resolve(info);
    if (!isProxied(type)) throw unknownResource();
    const call = { request, info, type, user, name, rest };
    return { type: 'forward', forward: await proxyUpgrade(context, call, this.#options.forward) };
  }

  async #serveNonResource(
    request: ApiRequest,
    info: Extract<RequestInfo, { type: 'nonResource' }>,
  ): Promise<ApiResponse> {
    const { path } = info;
    const health = await healthResponse(path, request.query, this.#options.store);
    if (health !== undefined) return health;
    if (path === '/version' || path === '/version/') return jsonResponse(200, versionDocument());
    const route = this.#options.routes.find((candidate) => candidate.path === path);
    if (route?.anonymous === true) return route.handle(request);
    const user = await this.#authenticate(request);
    const attributes = { type: 'nonResource', verb: request.method.toLowerCase(), path } as const;
    return this.#fairly({ request, user, attributes }, () => {
      this.#authorize(user, attributes, request);
      return route === undefined ? this.#serveDocument(request, path) : route.handle(request);
    });
  }

  async #serveDocument(request: ApiRequest, path: string): Promise<ApiResponse> {
    if (request.method !== 'GET') throw methodNotAllowed();
    if (path === '/metrics') return this.metrics.response();
    await this.#options.definitions.loaded;
    const served = this.#served.now;
    const { tokens } = this.#options.access;
    const answer =
      served.discovery.answer(path, request) ??
      openIdDocument(path, { ...tokens, authority: request.headers.host ?? '' }) ??
      (await served.openApi.answer(path, request));
    if (answer === undefined) throw unknownResource();
    return answer;
  }

  async #serveResource(request: ApiRequest, info: ResourcePath): Promise<ApiResponse> {
    const user = await this.#authenticate(request);
    const verb = verbOf(request.method, info, request.query);
    const resource = info.subresource === undefined ? info.plural : `${info.plural}/${info.subresource}`;
    const attributes = {
      type: 'resource',
      verb,
      group: info.group,
      resource,
      namespace: info.namespace,
      name: info.name ?? (verb === 'list' || verb === 'watch' ? exactNameOf(request.query) : undefined),
      fieldSelector: request.query.get('fieldSelector') ?? undefined,
    } as const;
    const serve = (): Promise<ApiResponse> => {
      this.#authorize(user, attributes, request);
      const assertMayCreate = (): void => this.#authorize(user, { ...attributes, verb: 'create' });
      return serveResource(this.#served, { request, info, user, assertMayCreate }, this.#options);
    };
    // As upstream: what is behind a proxy takes the time that it takes, and holds no seat meanwhile.
    if (info.subresource === 'proxy') return serve();
    return this.#fairly({ request, user, attributes }, serve);
  }

  /** Works on a request when there are seats for it. This process's own components are part of the requests of others. */
  async #fairly(
    { request, user, attributes }: { request: ApiRequest; user: User; attributes: Attributes },
    handler: () => Promise<ApiResponse>,
  ): Promise<ApiResponse> {
    if (isComponent(user)) return handler();
    const { fairness } = this.#options.access;
    const flow = fairness.classify(user, attributes);
    notesOf(request).flow = { schemaUid: flow.schema.uid, levelUid: flow.level.settings.uid };
    const entered = fairness.enter(flow, user, attributes);
    const leave = typeof entered === 'function' ? entered : await entered;
    try {
      return fairness.follow(user, attributes, await handler());
    } finally {
      leave();
    }
  }

  /** Who sends the request; or, where he may act as somebody else and asks to, who that is. */
  async #authenticate(request: ApiRequest): Promise<User> {
    const found = this.#options.access.authenticator.authenticate(request);
    const user = 'name' in found ? found : await found;
    if (this.#options.audit !== undefined) {
      const notes = notesOf(request);
      notes.user = user;
      const told = notes.onUser?.();
      if (told !== undefined) await told;
    }
    const impersonation = impersonationOf(request);
    if (impersonation === undefined) return user;
    for (const needed of impersonation.needed) this.#authorize(user, needed);
    if (this.#options.audit !== undefined)
      Object.assign(notesOf(request), { user: impersonation.user, impersonator: user });
    return impersonation.user;
  }

  /** Throws Forbidden; the audit log is told what was decided on the `request` itself. */
  #authorize(user: User, attributes: Attributes, request?: ApiRequest): void {
    const { type, reason } = this.#options.access.authorizer.authorize(user, attributes);
    const isAllowed = type === 'allow';
    if (request?.notes?.onUser !== undefined) {
      addAuditAnnotation(request.notes, 'authorization.k8s.io/decision', isAllowed ? 'allow' : 'forbid');
      addAuditAnnotation(request.notes, 'authorization.k8s.io/reason', reason);
    }
    if (isAllowed) return;
    const refusal = describeRefusal(user, attributes);
    const why = reason === '' ? refusal : `${refusal}: ${reason}`;
    if (attributes.type === 'nonResource') throw new StatusError('Forbidden', `forbidden: ${why}`);
    const [resource = ''] = attributes.resource.split('/', 1);
    throw forbidden({ resource, group: attributes.group, name: attributes.name ?? '' }, why);
  }
}

/** What is still compressed here is refused: whoever carries the request has inflated what he reads, within the limit of a body. */
function assertReadable({ headers, body }: ApiRequest): void {
  const encoding = headers['content-encoding'] ?? '';
  if (body.length === 0 || encoding === '' || encoding.toLowerCase() === 'identity') return;
  throw new StatusError(
    'UnsupportedMediaType',
    `a body with Content-Encoding ${quoted(encoding)} is not read: send it as it is, or as gzip`,
  );
}
