import { BACKUP_PATH } from '#apiserver/backup-route.ts';
import { connectContext, readContext } from '#cli/connect.ts';
import { dataLayout } from '#cli/machine.ts';
import { CommandError, type Screen } from '#cli/screen.ts';
import { BackupEncoder, BackupError, type BackupHeader, decodeBackup } from '#store/backup-format.ts';
import { BACKED_UP } from '#store/restored-folder.ts';
import { type Disk, errorCode } from '#system/disk.ts';
import type { GzipFiles, GzipOutput } from '#system/gzip-file.ts';
import { describeError } from '#system/log.ts';

/** How often a person is told how far it is, in entries. */
const PROGRESS_ENTRIES = 10_000;

export interface BackupOptions {
  /** A file to be made or replaced, or `-` for standard output. */
  readonly path: string;
  /** What `skerry up`, `skerry hub` or `skerry site` was given with `--data`. */
  readonly folder: string;
  /** The context of its kubeconfig: `hub`, or a site's name; its first one where absent. */
  readonly context?: string | undefined;
}

/**
 * Writes everything that a running hub or site is, as of one revision, into one compressed file: objects through its API,
 * keys and identity from its folder. The file appears when it is whole.
 */
export async function backup(
  { path, folder, context: contextName }: BackupOptions,
  { disk, files, screen }: { disk: Disk; files: GzipFiles; screen: Screen },
): Promise<void> {
  const context = await readContext(disk, dataLayout(folder).kubeconfig, contextName);
  using connection = connectContext(context);
  const unready = await connection.unreadiness('healthz');
  if (unready !== undefined) {
    throw new CommandError(
      `"${context.name}" at ${context.server} does not answer (${unready}): start it, or copy its whole folder while it is stopped`,
    );
  }
  const output = await creating(path, files);
  const encoder = new BackupEncoder();
  try {
    const lines = await connection.lines(BACKUP_PATH);
    const done = { entries: 0, files: 0, header: undefined as BackupHeader | undefined };
    for await (const item of decodeBackup(lines)) {
      if (item.type === 'header') {
        done.header = item.header;
        await output.write(encoder.header(item.header));
      } else if (item.type === 'entry') {
        done.entries += 1;
        await output.write(encoder.entry(item.entry));
        if (done.entries % PROGRESS_ENTRIES === 0) screen.say(`${done.entries} objects`);
      }
    }
    const own = await ownFolder(folder, { disk, header: done.header });
    for (const file of own === undefined ? [] : await filesOf(own, disk)) {
      done.files += 1;
      await output.write(encoder.file(file));
    }
    await output.write(encoder.end());
    await output.commit();
    const what = `${done.entries} objects and ${done.files} files of "${context.name}", revision ${done.header?.revision ?? 0}`;
    screen.say(`Backed up ${what}${path === '-' ? '' : ` to ${path}`}`);
    if (done.files === 0)
      screen.say(
        `Its keys are not in it: ${folder} does not hold them. Run this command where they are, or keep pki/ apart`,
      );
  } catch (error) {
    await output.abandon();
    throw new CommandError(`the backup was not made: ${reasonOf(error)}`, { cause: error });
  }
}

async function creating(path: string, files: GzipFiles): Promise<GzipOutput> {
  try {
    return await files.create(path);
  } catch (error) {
    throw new CommandError(`could not write ${path}: ${describeError(error)}`, { cause: error });
  }
}

/** The folder that belongs to what was backed up: of a whole `skerry up`, the part that is meant. */
async function ownFolder(
  folder: string,
  { disk, header }: { disk: Disk; header: BackupHeader | undefined },
): Promise<string | undefined> {
  const layout = dataLayout(folder);
  const part = header?.role === 'site' ? layout.site(header.name) : layout.hub;
  for (const candidate of [part, folder])
    if ((await disk.stat(`${candidate}/pki`)) !== undefined) return candidate;
  return undefined;
}

async function filesOf(
  folder: string,
  disk: Disk,
): Promise<{ path: string; mode: number; content: Uint8Array }[]> {
  const found: { path: string; mode: number; content: Uint8Array }[] = [];
  for (const name of BACKED_UP) {
    const inside = await disk.list(`${folder}/${name}`).catch((error: unknown) => {
      if (errorCode(error) === 'ENOTDIR') return [];
      throw error;
    });
    const paths = inside.length > 0 ? inside.map((each) => `${name}/${each}`) : [name];
    for (const path of paths) {
      const stat = await disk.stat(`${folder}/${path}`);
      const content = stat?.type === 'file' ? await disk.read(`${folder}/${path}`) : undefined;
      if (stat !== undefined && content !== undefined) found.push({ path, mode: stat.mode, content });
    }
  }
  return found;
}

function reasonOf(error: unknown): string {
  if (error instanceof BackupError) return `what the server sent is not whole (${error.message})`;
  return describeError(error);
}
