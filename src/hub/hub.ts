import type { AuditMode } from '#apiserver/audit/auditor.ts';
import { openAudit } from '#apiserver/audit/open-audit.ts';
import { readAuthenticationConfiguration } from '#apiserver/authentication/authentication-configuration.ts';
import type { TokenAuthenticator } from '#apiserver/authentication/authenticator.ts';
import { issuerTokenAuthenticator } from '#apiserver/authentication/issuer-tokens.ts';
import { serveApi } from '#apiserver/serve.ts';
import { kubeconfigOf } from '#cli/kubeconfig.ts';
import { createHubCore } from '#hub/hub-core.ts';
import { type HubStoreConfig, openHubStore } from '#hub/hub-store.ts';
import { shareCredentials } from '#hub/shared-credentials.ts';
import { openSharedTokenKeys } from '#hub/shared-token-keys.ts';
import { joinRoutes } from '#link/join-route.ts';
import { LINK_PROTOCOL } from '#link/wire.ts';
import type { KeyPair } from '#pki/authority.ts';
import { bundleKeyFromSeed, createBundleSigner } from '#pki/bundle-signature.ts';
import { ensureAuthority, ensureKeyPair } from '#pki/credentials.ts';
import { openTokenKeys, readTokenKeys } from '#pki/token-keys.ts';
import { finishRestore } from '#store/restored-folder.ts';
import { claimDataFolder } from '#system/data-folder.ts';
import { callHttps } from '#system/https-call.ts';
import { fetchHttpsJson } from '#system/https-json.ts';
import type { System } from '#system/system.ts';

export interface HubConfig {
  /** Where all of the hub's state is, but for the objects where they are in etcd. */
  readonly dataFolder: string;
  readonly store: HubStoreConfig;
  readonly host: string;
  readonly port: number;
  /** Further names and addresses under which sites and people reach the hub; into its certificate. */
  readonly names: readonly string[];
  readonly pid: number;
  readonly auditMode: AuditMode;
  /** File with an `AuthenticationConfiguration`: whose tokens people may come with. */
  readonly authenticationConfig?: string;
}

/**
 * Runs a hub until `signal` aborts, then stops in the reverse order. Calls `onReady` once the API answers. Rejects with one
 * sentence for people where it cannot start.
 */
export async function runHub(
  config: HubConfig,
  system: System,
  { signal, onReady }: { signal: AbortSignal; onReady: (port: number) => void },
): Promise<void> {
  const { disk, clock, log, random, processes } = system;
  const release = await claimDataFolder(config.dataFolder, { disk, processes, pid: config.pid, role: 'hub' });
  try {
    await finishRestore(config.dataFolder, disk);
    // After a failed fsync, or where the data was restored under it, only a new start sees what is really there.
    const storeFailed = Promise.withResolvers<never>();
    storeFailed.promise.catch(() => undefined);
    await using store = await openHubStore(config, system, storeFailed.reject);
    const pki = `${config.dataFolder}/pki`;
    const isShared = config.store.type === 'etcd';
    if (isShared) {
      const make = (folder: string): Promise<unknown> => ensureOwnKeys(folder, system);
      await shareCredentials(store, { disk, folder: pki, make });
    }
    const credentials = await hubCredentials(config, system);
    const signer = createBundleSigner(credentials.bundleKey);
    await using audit = await openAudit({ dataFolder: config.dataFolder, mode: config.auditMode }, system);
    const core = createHubCore({
      store,
      audit: audit.auditor,
      callHttps,
      ...(isShared ? { identity: identityOf(config, random) } : {}),
      signer,
      authority: credentials.authority.certificate,
      signingAuthority: credentials.authority,
      tokenAuthenticators: await openIssuers(config.authenticationConfig, system),
      tokenKeys: isShared
        ? await openSharedTokenKeys(store, { initial: await readTokenKeys(disk, pki), clock, log })
        : await openTokenKeys(disk, { folder: pki, clock }),
      clock,
      random,
      log,
      routes: (client) =>
        joinRoutes({ client, authority: credentials.authority, bundleKey: signer.publicKey, clock, log }),
    });
    await using server = await serveApi({
      server: core.server,
      host: config.host,
      port: config.port,
      tls: { ...credentials.server, clientAuthority: credentials.authority.certificate },
      protocols: { [LINK_PROTOCOL]: (connection) => void core.link.accept(connection) },
    });
    const context = {
      name: 'hub',
      server: `https://${config.host}:${server.port}`,
      authority: credentials.authority.certificate,
      ...credentials.admin,
    };
    await disk.write(`${config.dataFolder}/kubeconfig`, kubeconfigOf([context]));
    log.info('the hub serves', { host: config.host, port: server.port });
    const running = core.run(signal);
    onReady(server.port);
    await Promise.race([running, storeFailed.promise]);
    log.info('the hub stops');
  } finally {
    await release();
  }
}

/** Another one at each start: a hub that comes back does not hold what it held before. */
function identityOf({ host, port }: HubConfig, random: System['random']): string {
  return `${host}:${port}_${Buffer.from(random.bytes(6)).toString('hex')}`;
}

/** What a hub signs with: certificates, and bundles. Made at the first call. */
async function ensureOwnKeys(
  folder: string,
  { disk, clock, random }: System,
): Promise<{ authority: KeyPair; bundleKey: string }> {
  const commonName = 'skerry hub authority';
  const authority = await ensureAuthority(disk, { folder, commonName, nowMs: clock.now() });
  return { authority, bundleKey: await ensureBundleKey(folder, { disk, seed: () => random.bytes(32) }) };
}

async function hubCredentials(config: HubConfig, system: System) {
  const folder = `${config.dataFolder}/pki`;
  const { disk, clock } = system;
  const nowMs = clock.now();
  const { authority, bundleKey } = await ensureOwnKeys(folder, system);
  const isAddress = (name: string): boolean => /^[\d.]+$|:/u.test(name);
  const names = [...new Set([config.host, '127.0.0.1', 'localhost', ...config.names])];
  const server = await ensureKeyPair(disk, {
    folder,
    name: 'server',
    authority,
    nowMs,
    request: {
      commonName: 'skerry hub',
      usage: 'server',
      dnsNames: names.filter((name) => !isAddress(name)),
      ipAddresses: names.filter(isAddress),
    },
  });
  const admin = await ensureKeyPair(disk, {
    folder,
    name: 'admin',
    authority,
    nowMs,
    request: { commonName: 'admin', organizations: ['system:masters'], usage: 'client' },
  });
  return { authority, server, admin, bundleKey };
}

/** Reads the configuration once, at the start. Throws a sentence for people where it cannot be followed. */
async function openIssuers(
  path: string | undefined,
  { disk, clock, log }: System,
): Promise<readonly TokenAuthenticator[]> {
  if (path === undefined) return [];
  const content = await disk.read(path);
  if (content === undefined) throw new Error(`there is no authentication configuration at ${path}`);
  try {
    const issuers = readAuthenticationConfiguration(Buffer.from(content).toString('utf8'));
    return issuers.map((issuer) =>
      issuerTokenAuthenticator(issuer, { fetchJson: fetchHttpsJson, clock, log }),
    );
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : 'it cannot be read'}`, { cause });
  }
}

async function ensureBundleKey(
  folder: string,
  { disk, seed }: { disk: System['disk']; seed: () => Uint8Array },
): Promise<string> {
  const path = `${folder}/bundle.key`;
  const known = await disk.read(path);
  if (known !== undefined) return Buffer.from(known).toString('utf8');
  const key = bundleKeyFromSeed(seed());
  await disk.write(path, key);
  return key;
}
