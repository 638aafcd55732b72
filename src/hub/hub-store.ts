import { openEtcdStore } from '#store/etcd.ts';
import { parseEtcdMembers } from '#store/etcd-address.ts';
import type { EtcdClientOptions, EtcdTls } from '#store/etcd-client.ts';
import { openSqliteStore } from '#store/sqlite.ts';
import type { Store } from '#store/store.ts';
import type { Disk } from '#system/disk.ts';
import { realDefer } from '#system/real.ts';
import type { System } from '#system/system.ts';

/** Where a hub keeps its objects: in its own data folder, or in an etcd that several hubs share. */
export type HubStoreConfig = { readonly type: 'sqlite' } | ({ readonly type: 'etcd' } & EtcdConfig);

/** What people say of an etcd. The paths are of PEM files. */
export interface EtcdConfig {
  /** As `parseEtcdMembers` reads it. */
  readonly members: string;
  readonly authorityPath?: string | undefined;
  readonly certificatePath?: string | undefined;
  readonly keyPath?: string | undefined;
}

/** Reads `sqlite` or `etcd=https://…`, with the files that belong to it. Throws an Error with one sentence for people. */
export function readStoreConfig(text: string, files: Omit<EtcdConfig, 'members'>): HubStoreConfig {
  const hasFiles = Object.values(files).some((path) => path !== undefined);
  if (text === 'sqlite') {
    if (hasFiles) throw new Error('--etcd-ca, --etcd-cert and --etcd-key go with --store etcd=…');
    return { type: 'sqlite' };
  }
  const members = /^etcd=(?<members>.+)$/u.exec(text)?.groups?.members;
  if (members === undefined)
    throw new Error(`--store "${text}" is no store: expected sqlite, or etcd=https://HOST:2379,…`);
  parseEtcdMembers(members);
  if ((files.certificatePath === undefined) !== (files.keyPath === undefined))
    throw new Error('--etcd-cert and --etcd-key belong together: give both or none');
  return { type: 'etcd', members, ...files };
}

/** Reads the files that a configuration names. */
export async function etcdClientOptions(
  config: EtcdConfig,
  { disk, clock }: System,
): Promise<EtcdClientOptions> {
  const endpoints = parseEtcdMembers(config.members);
  if (config.authorityPath === undefined) return { endpoints, clock };
  const tls: EtcdTls = {
    authority: await readPem(config.authorityPath, disk),
    ...(config.certificatePath === undefined
      ? {}
      : { certificate: await readPem(config.certificatePath, disk) }),
    ...(config.keyPath === undefined ? {} : { key: await readPem(config.keyPath, disk) }),
  };
  return { endpoints, tls, clock };
}

/** Opens a hub's store. `onFailure` says that this process must end, as it can keep nothing any more. */
export async function openHubStore(
  { dataFolder, store }: { dataFolder: string; store: HubStoreConfig },
  system: System,
  onFailure: (error: Error) => void,
): Promise<Store> {
  if (store.type === 'sqlite')
    return openSqliteStore(`${dataFolder}/store.db`, { defer: realDefer, keepsReserve: true, onFailure });
  const client = await etcdClientOptions(store, system);
  return openEtcdStore({ ...client, random: system.random, defer: realDefer, onFailure });
}

async function readPem(path: string, disk: Disk): Promise<string> {
  const content = await disk.read(path);
  if (content === undefined) throw new Error(`${path}: there is no such file`);
  return Buffer.from(content).toString('utf8');
}
