import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { eventResource } from '#api/core/event.ts';
import { podResource } from '#api/core/pod.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { keepQuotas } from '#apiserver/admission/quota/keep-quotas.ts';
import { siteAdmission } from '#apiserver/admission/standard.ts';
import { ensurePriorityClasses } from '#apiserver/admission/system-priority-classes.ts';
import { type ApiEndpoint, publishApiService } from '#apiserver/api-service.ts';
import type { Auditor } from '#apiserver/audit/auditor.ts';
import { secretTokens } from '#apiserver/authentication/secret-token.ts';
import { reconcileDefaultRoles } from '#apiserver/authorization/reconcile-default-roles.ts';
import { backupRoute } from '#apiserver/backup-route.ts';
import { certificateSignerOf } from '#apiserver/certificates/certificate-signer.ts';
import { controllerUser, kubeletUser, LINK_USER, SCHEDULER_USER } from '#apiserver/components.ts';
import { type ControlPlane, createControlPlane, ensureNamespaces } from '#apiserver/control-plane.ts';
import { ensureFlowControl } from '#apiserver/fairness/ensure-flow-control.ts';
import { keepHouse } from '#apiserver/housekeeping.ts';
import { publishServiceRange } from '#apiserver/service-addresses/publish-range.ts';
import { keepServiceAddresses } from '#apiserver/service-addresses/repair.ts';
import { serviceAddresses } from '#apiserver/service-addresses/service-addresses.ts';
import { CustomKinds } from '#controllers/custom-kinds.ts';
import { KindRoster } from '#controllers/kind-roster.ts';
import { serviceCidrController } from '#controllers/service-cidr.ts';
import { siteControllers } from '#controllers/standard.ts';
import { applierController } from '#fleet/applier-controller.ts';
import { createKubelet, type Kubelet } from '#kubelet/kubelet.ts';
import type { KubeletOptions } from '#kubelet/kubelet-options.ts';
import { createTokenRequest } from '#kubelet/service-account-token.ts';
import { sourcesFromViews } from '#kubelet/sources.ts';
import { SiteLink } from '#link/site-link.ts';
import type { KeyPair } from '#pki/authority.ts';
import { createTokenKeys, type TokenKeys } from '#pki/token-keys.ts';
import type { Controller } from '#reconcile/controller.ts';
import { EventRecorder } from '#reconcile/event-recorder.ts';
import { startController } from '#reconcile/runner.ts';
import { schedulerController } from '#scheduler/scheduler.ts';
import { siteDescriber } from '#site/describe-site.ts';
import type { Store } from '#store/store.ts';
import { must } from '#system/assert.ts';
import type { Forward } from '#system/http-forward.ts';
import type { CallHttps } from '#system/https-call.ts';
import type { ClientTls } from '#system/network.ts';
import type { System } from '#system/system.ts';

/** Namespaces of every site. */
const SITE_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export interface SiteCoreOptions {
  readonly name: string;
  readonly software: string;
  /** How webhooks are called; they fail where absent. */
  readonly callHttps?: CallHttps;
  /** How requests go on to what is behind pods, services and nodes; refused where absent. */
  readonly forward?: Forward;
  /** Nothing is told of requests where absent. */
  readonly audit?: Auditor;
  readonly store: Store;
  /** IPv4 range of cluster addresses. */
  readonly serviceCidr: string;
  /** The site's authority, PEM, as pods get it. */
  readonly authority: string;
  /** What service account tokens are signed with. */
  readonly tokenKeys?: TokenKeys;
  /** Signs what is approved of CertificateSigningRequests; nobody does where absent. */
  readonly signingAuthority?: KeyPair;
  /** Where pods reach the API; absent where they cannot. */
  readonly apiEndpoint?: ApiEndpoint;
  /** Where the hub is, and how to know it. */
  readonly hub: { readonly address: string; readonly tls: ClientTls; readonly bundleKeys: readonly string[] };
  /** What the kubelet of this host needs beside what the core gives it. */
  readonly kubelet: Omit<
    KubeletOptions,
    'client' | 'sources' | 'requestToken' | 'events' | 'clock' | 'disk' | 'random' | 'log'
  >;
  readonly system: Pick<System, 'clock' | 'random' | 'disk' | 'network' | 'log'>;
}

/** A one-host site without its machine's network: API, controllers, scheduler, kubelet and the site's end of the link. */
export interface SiteCore extends ControlPlane {
  readonly link: SiteLink;
  readonly kubelet: Kubelet;
  /** Runs until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export function createSiteCore(options: SiteCoreOptions): SiteCore {
  const { store, name, software, system, hub, tokenKeys = createTokenKeys() } = options;
  const { clock, random, disk, log, network } = system;
  // The API reaches into pods through the kubelet, which is a client of the API: it is asked only once it exists.
  const late: { kubelet?: Kubelet } = {};
  const plane = createControlPlane({
    store,
    types: BUILTIN_RESOURCES,
    admission: [
      ...siteAdmission({ store, clock, random }),
      serviceAddresses({ store, cidr: options.serviceCidr, clock, random }),
    ],
    routes: [backupRoute({ store, role: 'site', name, clock, log })],
    tokenKeys,
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    ...(options.callHttps === undefined ? {} : { callHttps: options.callHttps }),
    ...(options.forward === undefined ? {} : { forward: options.forward }),
    components: ['scheduler', 'controller-manager'],
    pods: () => must(late.kubelet, 'the kubelet is made before the API serves').access,
    clock,
    random,
    log,
  });
  const { client, views } = plane;
  const certificateSigner = certificateSignerOf(plane, { ...options, clock, log });
  const runner = { views, clock, random, log, podType: podResource, eventType: eventResource };
  const roster = new KindRoster(BUILTIN_RESOURCES);
  const controllers = [
    ...siteControllers({
      roster,
      authority: options.authority,
      tokens: secretTokens(plane.access.tokens),
    }),
    schedulerController,
    serviceCidrController(options.serviceCidr),
    applierController(BUILTIN_SCHEMAS),
  ] as unknown as Controller[];
  const runnerOf = ({ name: component }: { name: string }) => ({
    ...runner,
    client: plane.clientOf(
      component === schedulerController.name ? SCHEDULER_USER : controllerUser(component),
    ),
  });
  const running = controllers.map((controller) => startController(controller, runnerOf(controller)));
  const customKinds = new CustomKinds({
    kinds: plane.kinds,
    roster,
    controllers: running,
    runner: runnerOf({ name: 'generic-garbage-collector' }),
  });
  const asKubelet = plane.clientOf(kubeletUser(options.kubelet.nodeName));
  const events = new EventRecorder({ ...runner, client: asKubelet });
  const kubelet = createKubelet({
    ...options.kubelet,
    client: asKubelet,
    requestToken: createTokenRequest(asKubelet),
    sources: sourcesFromViews(views),
    events,
    clock,
    disk,
    random,
    log,
  });
  late.kubelet = kubelet;
  const link = new SiteLink({
    site: name,
    software,
    hub: hub.address,
    tls: hub.tls,
    trustedBundleKeys: hub.bundleKeys,
    client: plane.clientOf(LINK_USER),
    views,
    describeSite: siteDescriber(views, { software }),
    network,
    clock,
    random,
    log,
  });
  return {
    ...plane,
    link,
    kubelet,
    async run(signal) {
      await ensureNamespaces(client, SITE_NAMESPACES);
      await reconcileDefaultRoles(client);
      await ensureFlowControl(client);
      await publishServiceRange(client, options.serviceCidr);
      if (options.apiEndpoint !== undefined) await publishApiService(client, options.apiEndpoint);
      await ensurePriorityClasses(client);
      await Promise.all([
        views.run(signal),
        kubelet.run(signal),
        link.run(signal),
        tokenKeys.run(signal),
        ...(certificateSigner === undefined ? [] : [certificateSigner.run(signal)]),
        keepHouse({ store, clock, log }, signal),
        keepServiceAddresses({ store, clock, random, log }, signal),
        keepQuotas({ store, types: () => plane.kinds.current.types, clock, log }, signal),
        ...running.map((controller) => controller.run(signal)),
        customKinds.run(signal),
      ]);
    },
  };
}
