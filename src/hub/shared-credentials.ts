import type { Store } from '#store/store.ts';
import type { Disk } from '#system/disk.ts';

/** Where hubs of one store keep what makes them one hub. No path of the API leads to it. */
const CREDENTIALS_KEY = '/hub/credentials';

/** The files of `pki/` that all hubs of one store have alike; `authority.life` last, as it says that the others are whole. */
const SHARED_FILES = ['bundle.key', 'authority.key', 'authority.crt', 'authority.life'] as const;

type Credentials = Readonly<Record<(typeof SHARED_FILES)[number], string>>;

/**
 * Makes `folder` hold the authority and the bundle key of all hubs on `store`. The first hub puts there what its folder holds, or
 * what `make` makes in a folder that it is given; it is done once, by one transaction. Throws one sentence for people where the
 * folder holds another authority.
 */
export async function shareCredentials(
  store: Store,
  { disk, folder, make }: { disk: Disk; folder: string; make: (folder: string) => Promise<unknown> },
): Promise<void> {
  const shared = (await sharedIn(store)) ?? (await offer(store, { disk, folder, make }));
  const own = await readText(disk, `${folder}/authority.crt`);
  if (own !== undefined && own !== shared['authority.crt']) {
    throw new Error(
      `${folder} holds another authority than the hubs on this etcd: remove it, and this hub takes theirs; or name another etcd`,
    );
  }
  for (const name of SHARED_FILES) {
    const path = `${folder}/${name}`;
    if ((await readText(disk, path)) !== shared[name]) await disk.write(path, shared[name], { mode: 0o600 });
  }
}

async function sharedIn(store: Store): Promise<Credentials | undefined> {
  const entry = await store.get(CREDENTIALS_KEY);
  return entry === undefined
    ? undefined
    : (JSON.parse(Buffer.from(entry.value).toString('utf8')) as Credentials);
}

/** What all hubs have from now on: this hub's, or that of one that was quicker. */
async function offer(
  store: Store,
  { disk, folder, make }: { disk: Disk; folder: string; make: (folder: string) => Promise<unknown> },
): Promise<Credentials> {
  const draft = `${folder}.draft`;
  let offered = await read(disk, folder);
  if (offered === undefined) {
    await disk.remove(draft);
    await make(draft);
    offered = await read(disk, draft);
  }
  if (offered === undefined) throw new Error(`${draft} holds no authority, though one was made there`);
  const value = Buffer.from(JSON.stringify(offered));
  await store.commit([{ type: 'put', key: CREDENTIALS_KEY, value, precondition: { type: 'absent' } }]);
  await disk.remove(draft);
  return (await sharedIn(store)) ?? offered;
}

async function read(disk: Disk, folder: string): Promise<Credentials | undefined> {
  const found: Partial<Record<(typeof SHARED_FILES)[number], string>> = {};
  for (const name of SHARED_FILES) {
    const text = await readText(disk, `${folder}/${name}`);
    if (text === undefined) return undefined;
    found[name] = text;
  }
  return found as Credentials;
}

async function readText(disk: Disk, path: string): Promise<string | undefined> {
  const content = await disk.read(path);
  return content === undefined ? undefined : Buffer.from(content).toString('utf8');
}
