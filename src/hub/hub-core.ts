import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { eventResource } from '#api/core/event.ts';
import { podResource } from '#api/core/pod.ts';
import { keepQuotas } from '#apiserver/admission/quota/keep-quotas.ts';
import { hubAdmission } from '#apiserver/admission/standard.ts';
import { ensurePriorityClasses } from '#apiserver/admission/system-priority-classes.ts';
import type { Route } from '#apiserver/api-server.ts';
import type { Auditor } from '#apiserver/audit/auditor.ts';
import type { TokenAuthenticator } from '#apiserver/authentication/authenticator.ts';
import { secretTokens } from '#apiserver/authentication/secret-token.ts';
import { reconcileDefaultRoles } from '#apiserver/authorization/reconcile-default-roles.ts';
import { backupRoute } from '#apiserver/backup-route.ts';
import { certificateSignerOf } from '#apiserver/certificates/certificate-signer.ts';
import { controllerUser, LINK_USER } from '#apiserver/components.ts';
import { type ControlPlane, createControlPlane, ensureNamespaces } from '#apiserver/control-plane.ts';
import { ensureFlowControl } from '#apiserver/fairness/ensure-flow-control.ts';
import { keepHouse } from '#apiserver/housekeeping.ts';
import type { Client } from '#client/client.ts';
import { CustomKinds } from '#controllers/custom-kinds.ts';
import { KindRoster } from '#controllers/kind-roster.ts';
import { hubControllers } from '#controllers/standard.ts';
import { applicationPlacementController } from '#fleet/application-placement-controller.ts';
import { applicationRevisionController } from '#fleet/application-revision-controller.ts';
import { applicationStatusController } from '#fleet/application-status-controller.ts';
import { siteApplicationsController } from '#fleet/site-applications-controller.ts';
import { HubLink } from '#link/hub-link.ts';
import { HubPresence } from '#link/hub-presence.ts';
import type { KeyPair } from '#pki/authority.ts';
import type { BundleSigner } from '#pki/bundle-signature.ts';
import { createTokenKeys, type TokenKeys } from '#pki/token-keys.ts';
import type { Controller } from '#reconcile/controller.ts';
import { LeaderElection } from '#reconcile/leader-election.ts';
import { startController } from '#reconcile/runner.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { CallHttps } from '#system/https-call.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** Namespaces of every hub. */
const HUB_NAMESPACES = ['default', 'kube-system', 'kube-public'];

export interface HubCoreOptions {
  /** How webhooks are called; they fail where absent. */
  readonly callHttps?: CallHttps;
  /** Nothing is told of requests where absent. */
  readonly audit?: Auditor;
  readonly store: Store;
  readonly signer: BundleSigner;
  /** The hub's authority, PEM. */
  readonly authority: string;
  /** What service account tokens are signed with. */
  readonly tokenKeys?: TokenKeys;
  /** Signs what is approved of CertificateSigningRequests; nobody does where absent. */
  readonly signingAuthority?: KeyPair;
  /** Further kinds of tokens by which people prove who they are. */
  readonly tokenAuthenticators?: readonly TokenAuthenticator[];
  /** Set where several hubs share the store: who this one is among them. One of them runs the controllers. */
  readonly identity?: string;
  /** Further paths, made once the client is there. */
  readonly routes?: (client: Client) => readonly Route[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A hub without its machine: API, controllers and the hub's end of the links. Simulations run it as it is. */
export interface HubCore extends ControlPlane {
  readonly link: HubLink;
  /** Runs until `signal` aborts. Rejects where something ends that never should. */
  run(signal: AbortSignal): Promise<void>;
}

export function createHubCore(options: HubCoreOptions): HubCore {
  const { store, signer, clock, random, log, tokenKeys = createTokenKeys() } = options;
  const routes: Route[] = [];
  const plane = createControlPlane({
    store,
    types: BUILTIN_RESOURCES,
    admission: hubAdmission({ store }),
    routes,
    tokenKeys,
    tokenAuthenticators: options.tokenAuthenticators ?? [],
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    ...(options.callHttps === undefined ? {} : { callHttps: options.callHttps }),
    clock,
    random,
    log,
  });
  const { client, views } = plane;
  const certificateSigner = certificateSignerOf(plane, options);
  routes.push(...(options.routes?.(client) ?? []));
  routes.push(backupRoute({ store, role: 'hub', name: 'hub', clock, log }));
  const election = electionOf(options, plane);
  const link = new HubLink({
    client: plane.clientOf(LINK_USER),
    views,
    clock,
    random,
    log,
    epoch: store.epoch,
    ...(options.identity === undefined
      ? {}
      : { presence: new HubPresence({ identity: options.identity, client, views, clock, log }) }),
  });
  const roster = new KindRoster(BUILTIN_RESOURCES);
  const controllers = [
    ...hubControllers({
      roster,
      authority: options.authority,
      tokens: secretTokens(plane.access.tokens),
    }),
    applicationRevisionController(signer),
    applicationPlacementController,
    applicationStatusController,
    siteApplicationsController,
  ] as unknown as Controller[];
  const runner = {
    ...{ views, clock, random, log, podType: podResource, eventType: eventResource },
    ...(election === undefined ? {} : { whenLeading: (signal: AbortSignal) => election.whenLeading(signal) }),
  };
  // A controller acts only where this process leads: it waits for it, and its writes are fenced.
  const fence = election === undefined ? {} : { guard: () => election.guard() };
  const runnerOf = ({ name }: { name: string }) => ({
    ...runner,
    client: plane.clientOf(controllerUser(name), fence),
  });
  const running = controllers.map((controller) => startController(controller, runnerOf(controller)));
  const customKinds = new CustomKinds({
    kinds: plane.kinds,
    roster,
    controllers: running,
    runner: runnerOf({ name: 'generic-garbage-collector' }),
  });
  return {
    ...plane,
    link,
    async run(signal) {
      await ensureNamespaces(client, HUB_NAMESPACES);
      await reconcileDefaultRoles(client);
      await ensureFlowControl(client);
      await ensurePriorityClasses(client);
      await Promise.all([
        views.run(signal),
        link.run(signal),
        tokenKeys.run(signal),
        ...(certificateSigner === undefined ? [] : [certificateSigner.run(signal)]),
        keepHouse({ store, clock, log }, signal),
        election?.run(signal),
        keepQuotas({ store, types: () => plane.kinds.current.types, clock, log }, signal),
        ...running.map((controller) => controller.run(signal)),
        customKinds.run(signal),
      ]);
    },
  };
}

function electionOf(
  { identity, store, clock, random, log }: HubCoreOptions,
  { client }: ControlPlane,
): LeaderElection | undefined {
  if (identity === undefined) return undefined;
  return new LeaderElection({ client, store, name: 'skerry-hub', identity, clock, random, log });
}
