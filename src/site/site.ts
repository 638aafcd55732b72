import type { AuditMode, Auditor } from '#apiserver/audit/auditor.ts';
import { openAudit } from '#apiserver/audit/open-audit.ts';
import { serveApi } from '#apiserver/serve.ts';
import { kubeconfigOf } from '#cli/kubeconfig.ts';
import type { RuntimeKind } from '#cli/machine.ts';
import { containerdLayout } from '#cri/containerd-config.ts';
import { ContainerdService } from '#cri/containerd-service.ts';
import type { Runtime } from '#cri/runtime.ts';
import { createSimulatedRuntime } from '#cri/simulated.ts';
import { SimulatedMachine } from '#cri/simulated-machine.ts';
import { createMemoryMounts, noMemoryMounts } from '#kubelet/volumes/memory-mounts.ts';
import { readIdentity, type SiteIdentity } from '#link/join.ts';
import { runDnsServer } from '#network/dns-server.ts';
import { type HostNetworkFacts, preparePodNetwork } from '#network/pod-network.ts';
import { runServiceProxy } from '#network/service-proxy.ts';
import { CLUSTER_DOMAIN, POD_POOL_CIDR, type SiteNetwork } from '#network/site-network.ts';
import type { KeyPair } from '#pki/authority.ts';
import { ensureAuthority, ensureKeyPair } from '#pki/credentials.ts';
import { openTokenKeys } from '#pki/token-keys.ts';
import { identityFolder } from '#site/join-site.ts';
import { hostAddress, readMachine } from '#site/machine-facts.ts';
import { serviceSources } from '#site/service-sources.ts';
import { createSiteCore, type SiteCore } from '#site/site-core.ts';
import { containerdFolder, kubeletFolder, podNetworkFolders } from '#site/site-folders.ts';
import { networkOf, readSettings, type SiteSettings } from '#site/site-settings.ts';
import { finishRestore } from '#store/restored-folder.ts';
import { openSqliteStore } from '#store/sqlite.ts';
import { claimDataFolder } from '#system/data-folder.ts';
import { forwardHttp } from '#system/http-forward.ts';
import { callHttps } from '#system/https-call.ts';
import { createSimulatedProber } from '#system/probe.ts';
import { realDefer } from '#system/real.ts';
import { realDnsSockets } from '#system/real-dns-sockets.ts';
import { readHostFacts } from '#system/real-host.ts';
import { createRealProber } from '#system/real-probe.ts';
import type { System } from '#system/system.ts';
import { SOFTWARE_VERSION } from '#system/version.ts';

export interface SiteConfig {
  /** Where all of the site's state is. */
  readonly folder: string;
  readonly runtime: RuntimeKind;
  /** Folder of OCI archives (*.tar) that are imported at the start. */
  readonly imageFolder?: string;
  /** `PATH` of this process. */
  readonly searchPath: string;
  readonly pid: number;
  readonly auditMode: AuditMode;
}

/** Entries of its store that a site keeps in memory, in bytes: the site is to stay small. */
const CACHE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Runs a site until `signal` aborts; then its pods run on, and the next process takes them over. Rejects with one sentence
 * for people where it cannot start.
 */
export async function runSite(
  config: SiteConfig,
  system: System,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { disk, processes, log } = system;
  const release = await claimDataFolder(config.folder, { disk, processes, pid: config.pid, role: 'site' });
  try {
    await finishRestore(config.folder, disk);
    const identity = await readIdentity(disk, identityFolder(config.folder));
    const settings = await readSettings(disk, config.folder);
    if (identity === undefined || settings === undefined) {
      throw new Error(
        `${config.folder} is no site yet: join a hub first with "skerry join TOKEN --name NAME --data ${config.folder}"`,
      );
    }
    // A disk that failed an fsync can be trusted again only after a new start, which reads back what it kept.
    const diskFailed = Promise.withResolvers<never>();
    diskFailed.promise.catch(() => undefined);
    await using store = openSqliteStore(`${config.folder}/store.db`, {
      defer: realDefer,
      cacheBytesMax: CACHE_BYTES_MAX,
      keepsReserve: true,
      onFailure: diskFailed.reject,
    });
    const credentials = await siteCredentials(config.folder, settings, system);
    const network = networkOf(settings);
    const facts =
      config.runtime === 'containerd'
        ? await preparePodNetwork({ network, ...podNetworkFolders(config.folder), disk, processes })
        : undefined;
    const containers = await openRuntime(config, system);
    await using _containers = containers;
    await using audit = await openAudit({ dataFolder: config.folder, mode: config.auditMode }, system);
    const core = await composeCore(
      {
        audit: audit.auditor,
        config,
        settings,
        identity,
        network,
        containers,
        store,
        authority: credentials.authority,
      },
      system,
    );
    const tls = { ...credentials.server, clientAuthority: credentials.authority.certificate };
    const { host, port } = settings;
    await using server = await serveApi({ server: core.server, host, port, tls });
    // Pods do not reach the host's loopback address, where the API is unless the site was told otherwise.
    const isReached = facts === undefined || host === '0.0.0.0' || host === '::';
    await using _forPods = isReached
      ? undefined
      : await serveApi({ server: core.server, host: network.dnsAddress, port: server.port, tls });
    const running = [
      core.run(signal),
      ...(facts === undefined ? [] : [runNetwork({ core, network, facts }, system, signal)]),
    ];
    const context = {
      name: settings.name,
      server: `https://${settings.host}:${server.port}`,
      authority: credentials.authority.certificate,
      ...credentials.admin,
    };
    await disk.write(`${config.folder}/kubeconfig`, kubeconfigOf([context]));
    log.info('the site serves', {
      site: settings.name,
      host: settings.host,
      port: server.port,
      runtime: config.runtime,
    });
    await Promise.race([Promise.all(running), diskFailed.promise]);
    log.info('the site stops; its pods run on');
  } finally {
    await release();
  }
}

/** A container runtime with its life. */
interface Containers extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly kind: RuntimeKind;
}

async function openRuntime(config: SiteConfig, system: System): Promise<Containers> {
  if (config.runtime === 'simulated') {
    const { clock, random, disk } = system;
    const runtime = createSimulatedRuntime(new SimulatedMachine({ clock, random, disk }));
    return { runtime, kind: 'simulated', [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose]() };
  }
  const layout = containerdLayout({ dataFolder: containerdFolder(config.folder) });
  const service = await ContainerdService.start({ system, layout, searchPath: config.searchPath });
  if (config.imageFolder !== undefined)
    await importImages(config.imageFolder, { service, system, marks: `${config.folder}/imported` });
  return {
    runtime: service.runtime,
    kind: 'containerd',
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

/** Imports the archives that are new or have changed since they were imported; `marks` remembers which those are. */
async function importImages(
  folder: string,
  { service, system, marks }: { service: ContainerdService; system: System; marks: string },
): Promise<void> {
  const { disk, log } = system;
  for (const name of (await disk.list(folder)).filter((file) => file.endsWith('.tar'))) {
    const found = await disk.stat(`${folder}/${name}`);
    const mark = JSON.stringify([found?.sizeBytes, found?.modifiedMs]);
    const known = await disk.read(`${marks}/${name}`);
    if (known !== undefined && Buffer.from(known).toString('utf8') === mark) continue;
    const images = await service.importImage(`${folder}/${name}`);
    await disk.write(`${marks}/${name}`, mark);
    log.info('images imported', { archive: name, images });
  }
}

async function siteCredentials(folder: string, settings: SiteSettings, { disk, clock }: System) {
  const pki = `${folder}/pki`;
  const nowMs = clock.now();
  const network = networkOf(settings);
  const authority = await ensureAuthority(disk, {
    folder: pki,
    commonName: `skerry site ${settings.name} authority`,
    nowMs,
  });
  const server = await ensureKeyPair(disk, {
    folder: pki,
    name: 'server',
    authority,
    nowMs,
    request: {
      commonName: `skerry site ${settings.name}`,
      usage: 'server',
      dnsNames: [
        'localhost',
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
      ],
      ipAddresses: [...new Set(['127.0.0.1', settings.host, network.apiAddress, network.dnsAddress])],
    },
  });
  const admin = await ensureKeyPair(disk, {
    folder: pki,
    name: 'admin',
    authority,
    nowMs,
    request: { commonName: 'admin', organizations: ['system:masters'], usage: 'client' },
  });
  return { authority, server, admin };
}

interface Parts {
  readonly audit: Auditor;
  readonly config: SiteConfig;
  readonly settings: SiteSettings;
  readonly identity: SiteIdentity;
  readonly network: SiteNetwork;
  readonly containers: Containers;
  readonly store: ReturnType<typeof openSqliteStore>;
  readonly authority: KeyPair;
}

async function composeCore(parts: Parts, system: System): Promise<SiteCore> {
  const { config, settings, identity, network, containers, store, authority } = parts;
  const { disk, processes, log, clock } = system;
  const simulated = containers.kind === 'simulated';
  const host = readHostFacts();
  return createSiteCore({
    name: settings.name,
    software: SOFTWARE_VERSION,
    audit: parts.audit,
    callHttps,
    forward: forwardHttp,
    store,
    serviceCidr: settings.serviceCidr,
    authority: authority.certificate,
    signingAuthority: authority,
    tokenKeys: await openTokenKeys(disk, { folder: `${config.folder}/pki`, clock }),
    ...(simulated
      ? {}
      : {
          apiEndpoint: {
            clusterAddress: network.apiAddress,
            address: network.dnsAddress,
            port: settings.port,
          },
        }),
    hub: {
      address: identity.hub,
      tls: { authority: identity.authority, certificate: identity.certificate, key: identity.key },
      bundleKeys: identity.bundleKeys,
    },
    kubelet: {
      runtime: containers.runtime,
      prober: simulated ? createSimulatedProber(() => ({ ok: true })) : createRealProber(clock),
      mounts: simulated ? noMemoryMounts : createMemoryMounts({ processes, disk, log }),
      nodeName: settings.name,
      hostAddress: hostAddress(host, POD_POOL_CIDR),
      labels: {},
      machine: await readMachine(disk, { folder: config.folder, host }),
      dataFolder: kubeletFolder(config.folder),
      dns: { serverAddresses: simulated ? [] : [network.dnsAddress], domain: CLUSTER_DOMAIN },
      cgroupParent: '',
    },
    system,
  });
}

/** Service rules and DNS. What is loaded into the kernel stays when the site's process ends. */
async function runNetwork(
  { core, network, facts }: { core: SiteCore; network: SiteNetwork; facts: HostNetworkFacts },
  system: System,
  signal: AbortSignal,
): Promise<void> {
  const sources = serviceSources(core.views);
  const shared = { ...system, network, sources, onOutcome: () => undefined };
  await Promise.all([
    runServiceProxy({ ...shared, facts }, signal),
    runDnsServer({ ...shared, sockets: realDnsSockets }, signal),
  ]);
}
