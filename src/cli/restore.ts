import { CommandError, type Screen } from '#cli/screen.ts';
import { BackupError, type BackupHeader, decodeBackup } from '#store/backup-format.ts';
import type { EtcdClient } from '#store/etcd-client.ts';
import { contentOfEtcd, restoreIntoEtcd } from '#store/etcd-restore.ts';
import { readEpoch, writeRestoredDatabase } from '#store/restore-sqlite.ts';
import {
  beginRestore,
  commitRestore,
  draftFile,
  finishRestore,
  isRestorable,
} from '#store/restored-folder.ts';
import { type Entry, EPOCH_MAX } from '#store/store.ts';
import { claimDataFolder } from '#system/data-folder.ts';
import { errorCode } from '#system/disk.ts';
import type { GzipFiles } from '#system/gzip-file.ts';
import { describeError } from '#system/log.ts';
import type { System } from '#system/system.ts';

/** How often a person is told how far it is, in entries. */
const PROGRESS_ENTRIES = 10_000;

/** What a data folder holds without being in use for anything. */
const NOTHING = new Set(['format.json', 'hub.pid', 'site.pid', 'restoring', 'lost+found']);

export interface RestoreOptions {
  readonly path: string;
  /** What `skerry hub` or `skerry site` is given with `--data`; or the folder of `skerry up`, for its hub. */
  readonly folder: string;
  readonly force: boolean;
  /** The least epoch that the store is to have afterwards. */
  readonly epochMin: number;
  readonly pid: number;
  /** Where the objects go, if not into the folder; the folder then gets the keys only. */
  readonly etcd?: EtcdClient;
}

/** Puts a backup into a data folder, all of it or nothing, in an epoch above every one that is known. */
export async function restore(
  options: RestoreOptions,
  { system, files, screen }: { system: Pick<System, 'disk' | 'processes'>; files: GzipFiles; screen: Screen },
): Promise<void> {
  const { disk, processes } = system;
  const verified = await verify(options.path, { files, screen });
  const { header } = verified;
  const folder = await targetOf(options.folder, header, system);
  const release = await claimDataFolder(folder, { disk, processes, pid: options.pid, role: header.role });
  try {
    await finishRestore(folder, disk);
    const held = (await disk.list(folder)).filter((name) => !NOTHING.has(name));
    if (held.length > 0 && !options.force) {
      throw new CommandError(
        `${folder} is not empty (it holds ${held.slice(0, 3).join(', ')}): choose another folder, or say --force to put aside what is there`,
      );
    }
    const before =
      options.etcd === undefined
        ? held.includes('store.db') && readEpoch(`${folder}/store.db`)
        : await epochOfEtcd(options.etcd, { header, force: options.force });
    const epoch = Math.max(
      header.epoch + 1,
      (typeof before === 'number' ? before : -1) + 1,
      options.epochMin,
    );
    if (epoch > EPOCH_MAX)
      throw new CommandError(`epoch ${epoch} is beyond ${EPOCH_MAX}, the last one there is`);
    const draft = await beginRestore(folder, disk);
    const entries = entriesOf(options.path, { draft, files, screen, disk });
    if (options.etcd === undefined) await writeRestoredDatabase(`${draft}/store.db`, { epoch, entries });
    else await restoreIntoEtcd(options.etcd, { epoch, entries });
    await commitRestore(folder, { epoch, disk });
    screen.say(
      `Restored ${verified.entries} objects and ${verified.files} files of ${header.role} "${header.name}" as of ${header.createdAt} into ${options.etcd === undefined ? folder : `etcd and ${folder}`}; the epoch is ${epoch} now`,
    );
    if (held.includes(options.etcd === undefined ? 'store.db' : 'pki'))
      screen.say(`What was there is in ${folder}/replaced-${epoch}`);
    if (verified.files === 0)
      screen.say(
        `The backup holds no keys: put back pki/ before you start, or the ${header.role} makes itself new ones`,
      );
    const store = options.etcd === undefined ? '' : ' and the same --store';
    screen.say(`Start it with "skerry ${header.role} --data ${folder}"${store}`);
  } finally {
    await release();
  }
}

/** The epoch that an etcd is in. Refuses one that holds objects, unless they are to be replaced. */
async function epochOfEtcd(
  etcd: EtcdClient,
  { header, force }: { header: BackupHeader; force: boolean },
): Promise<number | undefined> {
  if (header.role !== 'hub')
    throw new CommandError(`the backup is of a ${header.role}: only a hub keeps its objects in etcd`);
  const { objects, epoch } = await contentOfEtcd(etcd).catch((error: unknown) => {
    throw new CommandError(`etcd could not be read: ${describeError(error)}. Nothing was changed`, {
      cause: error,
    });
  });
  if (objects === 0 || force) return epoch;
  throw new CommandError(
    `etcd is not empty (it holds ${objects} objects of Skerry): choose another one, or say --force to replace them for good`,
  );
}

/** Reads the whole backup once, before anything is touched. */
async function verify(
  path: string,
  { files, screen }: { files: GzipFiles; screen: Screen },
): Promise<{ header: BackupHeader; entries: number; files: number }> {
  if (path === '-')
    throw new CommandError('a backup is read twice: give a file, not standard input', { code: 2 });
  let header: BackupHeader | undefined;
  let counts = { entries: 0, files: 0 };
  try {
    for await (const item of decodeBackup(files.lines(path))) {
      if (item.type === 'header') ({ header } = item);
      else if (item.type === 'end') counts = item;
      else if (item.type === 'file' && !isRestorable(item.file.path))
        throw new BackupError(`it brings a file that does not belong in a backup, "${item.file.path}"`);
    }
  } catch (error) {
    const why = error instanceof BackupError ? error.message : unreadable(error);
    throw new CommandError(`${path} cannot be restored: ${why}. Nothing was changed`, { cause: error });
  }
  if (header === undefined)
    throw new CommandError(`${path} cannot be restored: it is empty. Nothing was changed`);
  screen.say(`${path} is whole: ${counts.entries} objects and ${counts.files} files`);
  return { header, ...counts };
}

/** The entries of a backup, one after the other; its files go into the draft on the way. */
async function* entriesOf(
  path: string,
  { draft, files, screen, disk }: { draft: string; files: GzipFiles; screen: Screen; disk: System['disk'] },
): AsyncGenerator<Entry, void, undefined> {
  let count = 0;
  for await (const item of decodeBackup(files.lines(path))) {
    if (item.type === 'file') await draftFile(draft, item.file, disk);
    if (item.type !== 'entry') continue;
    count += 1;
    if (count % PROGRESS_ENTRIES === 0) screen.say(`${count} objects`);
    yield item.entry;
  }
}

/** Of the folder of a whole `skerry up`, the part that the backup is of. */
async function targetOf(
  folder: string,
  { role, name }: BackupHeader,
  { disk }: Pick<System, 'disk'>,
): Promise<string> {
  const part = role === 'hub' ? `${folder}/hub` : `${folder}/sites/${name}`;
  return (await disk.stat(part)) === undefined ? folder : part;
}

/** What is wrong with a file that cannot even be read as one. */
function unreadable(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'Z_BUF_ERROR':
      return 'it is cut off';
    case 'Z_DATA_ERROR':
      return 'it is damaged, or no backup of Skerry';
    default:
      return describeError(error);
  }
}
