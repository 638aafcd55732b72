import { namespaceResource } from '#api/core/namespace.ts';
import { podResource } from '#api/core/pod.ts';
import type { ResourceType } from '#api/resource.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { isStatus } from '#api/status.ts';
import { type AccessControl, createAccessControl } from '#apiserver/access-control.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { mutatingPolicies } from '#apiserver/admission/policy/mutating-policies.ts';
import { validatingPolicies } from '#apiserver/admission/policy/validating-policies.ts';
import { resourceQuota } from '#apiserver/admission/quota/resource-quota.ts';
import { mutatingWebhooks } from '#apiserver/admission/webhooks/mutating-webhooks.ts';
import { validatingWebhooks } from '#apiserver/admission/webhooks/validating-webhooks.ts';
import { type ApiServer, createApiServer, type Route } from '#apiserver/api-server.ts';
import type { Auditor } from '#apiserver/audit/auditor.ts';
import type { TokenAuthenticator } from '#apiserver/authentication/authenticator.ts';
import { escalationCheck } from '#apiserver/authorization/escalation.ts';
import { nodeAuthorizer } from '#apiserver/authorization/node-authorizer.ts';
import { nodeRestriction } from '#apiserver/authorization/node-restriction.ts';
import { rbacViews } from '#apiserver/authorization/rbac-authorizer.ts';
import { siteAuthorizer } from '#apiserver/authorization/site-authorizer.ts';
import { certificateRequestAdmission } from '#apiserver/certificates/request-admission.ts';
import { API_SERVER_USER } from '#apiserver/components.ts';
import { definitionGuard } from '#apiserver/custom/definition-guard.ts';
import { Definitions } from '#apiserver/custom/definitions.ts';
import { flowControlViews } from '#apiserver/fairness/flow-control.ts';
import { Kinds } from '#apiserver/kinds.ts';
import type { PodAccess } from '#apiserver/pod-access.ts';
import type { StoreGuard, User } from '#apiserver/request.ts';
import { inProcessTransport } from '#apiserver/transport.ts';
import { type Client, createClient } from '#client/client.ts';
import { Views } from '#client/views.ts';
import { createTokenKeys, type TokenKeys } from '#pki/token-keys.ts';
import type { Store } from '#store/store.ts';
import { must } from '#system/assert.ts';
import type { Clock } from '#system/clock.ts';
import type { Forward } from '#system/http-forward.ts';
import type { CallHttps } from '#system/https-call.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

export interface ControlPlaneOptions {
  readonly store: Store;
  /** The kinds that are built in; definitions add more. */
  readonly types: readonly ResourceType[];
  readonly admission?: readonly AdmissionPlugin[];
  readonly routes?: readonly Route[];
  /** What works on the views of this control plane, as `kubectl get componentstatuses` names it. */
  readonly components?: readonly string[];
  readonly pods?: () => PodAccess;
  /** How requests go on to what is behind pods, services and nodes; refused where absent. */
  readonly forward?: Forward;
  /** What service account tokens are signed with; keys that end with this process where absent. */
  readonly tokenKeys?: TokenKeys;
  /** Further kinds of tokens by which people prove who they are. */
  readonly tokenAuthenticators?: readonly TokenAuthenticator[];
  /** How webhooks are called; they fail where absent. */
  readonly callHttps?: CallHttps;
  /** Nothing is told of requests where absent. */
  readonly audit?: Auditor;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** An API server with what the components beside it in the process need: a client, and shared views. */
export interface ControlPlane {
  readonly server: ApiServer;
  /** The kinds that it serves now. */
  readonly kinds: Kinds;
  readonly client: Client;
  /** A client that speaks as another component of this process; its writes go through only where `guard` lets them. */
  readonly clientOf: (user: User, options?: { readonly guard?: StoreGuard }) => Client;
  readonly views: Views;
  readonly access: AccessControl;
}

/** The part that a hub and a site have in common. The views are to be run by the caller, once everything has asked for its own. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { store, clock, random, log } = options;
  // The authoriser reads roles through the very server that it guards: that is asked only once it exists.
  const late: { server?: ApiServer } = {};
  const handle: ApiServer['handle'] = (request) =>
    must(late.server, 'the server is made before its first request').handle(request);
  const clientOf: ControlPlane['clientOf'] = (user, guarded) =>
    createClient(inProcessTransport({ handle }, user, guarded), { name: 'skerry' });
  const client = clientOf(API_SERVER_USER);
  const views = new Views(client, { clock, random, log });
  const roles = rbacViews(views);
  // Where no pods run, hardly any is bound to a node: most are templates.
  const boundPods =
    options.pods === undefined ? views.selected(podResource, 'spec.nodeName!=') : views.of(podResource);
  const access = createAccessControl({
    store,
    views: roles,
    flowControl: flowControlViews(views),
    keys: options.tokenKeys ?? createTokenKeys(),
    tokenAuthenticators: options.tokenAuthenticators ?? [],
    authorizers: [nodeAuthorizer(views, boundPods), siteAuthorizer(views)],
    clock,
    random,
  });
  const kinds = new Kinds(options.types, BUILTIN_SCHEMAS);
  const webhooks = {
    store,
    authorizer: access.authorizer,
    call: options.callHttps ?? refuseCalls,
    clock,
    random,
  };
  const server = createApiServer({
    ...options,
    kinds,
    definitions: new Definitions({ store, kinds, clock, log }),
    access,
    admission: [
      definitionGuard({ store, kinds }),
      ...(options.admission ?? []),
      mutatingPolicies({ store, kinds, authorizer: access.authorizer }),
      nodeRestriction,
      certificateRequestAdmission({ ...access, clock }),
      mutatingWebhooks({ ...webhooks, kinds }),
      escalationCheck({ ...access, views: roles }),
      validatingPolicies({ store, kinds, authorizer: access.authorizer }),
      validatingWebhooks(webhooks),
      // The last: what it holds, it holds until the commit.
      resourceQuota({ store, types: () => kinds.current.types }),
    ],
    routes: options.routes ?? [],
    components: (options.components ?? ['controller-manager']).map((name) => ({
      name,
      fault: () => (views.synced ? undefined : 'it does not yet see all of the API'),
    })),
  });
  late.server = server;
  return { server, kinds, client, clientOf, views, access };
}

/** Where nothing can be called, a webhook fails as if it were away. */
const refuseCalls: CallHttps = () => Promise.reject(new Error('this server calls nobody'));

/** Makes the namespaces that every cluster has. */
export async function ensureNamespaces(client: Client, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await client.create(namespaceResource, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
        spec: {},
      });
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error;
    }
  }
}
