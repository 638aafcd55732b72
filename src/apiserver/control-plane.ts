import { namespaceResource } from '#api/core/namespace.ts';
import type { ResourceType } from '#api/resource.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { isStatus } from '#api/status.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { type ApiServer, createApiServer, type Route } from '#apiserver/api-server.ts';
import { anyOf, discoveryAuthorizer, mastersAuthorizer } from '#apiserver/authorize.ts';
import { definitionGuard } from '#apiserver/custom/definition-guard.ts';
import { Definitions } from '#apiserver/custom/definitions.ts';
import { Kinds } from '#apiserver/kinds.ts';
import type { PodAccess } from '#apiserver/pod-access.ts';
import { rbacAuthorizer, rbacViews } from '#apiserver/rbac-authorizer.ts';
import { SYSTEM_USER } from '#apiserver/request.ts';
import { inProcessTransport } from '#apiserver/transport.ts';
import { type Client, createClient } from '#client/client.ts';
import { Views } from '#client/views.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

export interface ControlPlaneOptions {
  readonly store: Store;
  /** The kinds that are built in; definitions add more. */
  readonly types: readonly ResourceType[];
  readonly admission?: readonly AdmissionPlugin[];
  readonly routes?: readonly Route[];
  readonly pods?: () => PodAccess;
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
  readonly views: Views;
}

/** The part that a hub and a site have in common. The views are to be run by the caller, once everything has asked for its own. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { store, clock, random, log } = options;
  // The authoriser reads roles through the very server that it guards: it is asked only once that exists.
  const late: { views?: ReturnType<typeof rbacViews> } = {};
  const authorizer = anyOf([
    mastersAuthorizer,
    discoveryAuthorizer,
    {
      allows: (user, attributes) =>
        late.views !== undefined && rbacAuthorizer(late.views).allows(user, attributes),
    },
  ]);
  const kinds = new Kinds(options.types, BUILTIN_SCHEMAS);
  const server = createApiServer({
    ...options,
    kinds,
    definitions: new Definitions({ store, kinds, clock, log }),
    authorizer,
    admission: [definitionGuard({ store, kinds }), ...(options.admission ?? [])],
    routes: options.routes ?? [],
  });
  const client = createClient(inProcessTransport(server, SYSTEM_USER), { name: 'skerry' });
  const views = new Views(client, { clock, random, log });
  late.views = rbacViews(views);
  return { server, kinds, client, views };
}

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
