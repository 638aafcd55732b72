import type { BackupFile } from '#store/backup-format.ts';
import type { Disk } from '#system/disk.ts';
import { failpoint } from '#system/failpoints.ts';

/**
 * How a backup gets into a data folder, all of it or nothing: everything is first written beside what is there, in
 * `restoring/`; renaming that to `restored/` is the one moment at which it becomes the new content. Moving it into place can be
 * cut off and is done again by whoever opens the folder next; what was there goes to `replaced-N/`.
 */
const DRAFT = 'restoring';
const DECIDED = 'restored';

/** The database's file and what SQLite keeps beside it: they are only worth something together. */
const DATABASE = 'store.db';
const BESIDE_DATABASE = ['store.db-wal', 'store.db-shm', 'store.db'];

/** The folders and files of a data folder that a backup holds beside the objects. */
export const BACKED_UP = ['pki', 'identity', 'settings.json'] as const;

/** An empty folder to restore into; what an earlier restore left unfinished there is thrown away. */
export async function beginRestore(folder: string, disk: Disk): Promise<string> {
  const draft = `${folder}/${DRAFT}`;
  await disk.remove(draft);
  await disk.makeFolder(draft);
  return draft;
}

/** Puts a file of a backup into the draft. The path was checked by {@link isRestorable}. */
export async function draftFile(
  draft: string,
  { path, mode, content }: BackupFile,
  disk: Disk,
): Promise<void> {
  await disk.write(`${draft}/${path}`, content, { mode });
}

/** Whether a backup may bring such a file: nothing reaches out of the folder, or to what is not backed up. */
export function isRestorable(path: string): boolean {
  return (
    (/^(?:pki|identity)\/[A-Za-z0-9._-]+$/u.test(path) && !path.endsWith('/.') && !path.endsWith('/..')) ||
    path === 'settings.json'
  );
}

/** Makes the draft the content of the folder; durable when it resolves. `epoch` names what is put aside. */
export async function commitRestore(
  folder: string,
  { epoch, disk }: { epoch: number; disk: Disk },
): Promise<void> {
  const draft = `${folder}/${DRAFT}`;
  await disk.write(`${draft}/restore.json`, `${JSON.stringify({ epoch })}\n`);
  failpoint('restore.before-commit');
  await disk.rename(draft, `${folder}/${DECIDED}`);
  // A rename is durable only once its folder is: writing any file in it makes it so.
  await disk.write(`${folder}/restore.json`, `${JSON.stringify({ epoch })}\n`);
  failpoint('restore.after-commit');
  await finishRestore(folder, disk);
}

/** Moves a decided restore into place; does nothing where there is none. To be called before a folder is used. */
export async function finishRestore(folder: string, disk: Disk): Promise<void> {
  const decided = `${folder}/${DECIDED}`;
  const note = await disk.read(`${decided}/restore.json`);
  if (note === undefined) return;
  const { epoch } = JSON.parse(Buffer.from(note).toString('utf8')) as { epoch: number };
  const aside = `${folder}/replaced-${epoch}`;
  for (const name of await disk.list(decided)) {
    if (name === 'restore.json') continue;
    for (const old of name === DATABASE ? BESIDE_DATABASE : [name]) {
      if ((await disk.stat(`${folder}/${old}`)) !== undefined) {
        await disk.makeFolder(aside);
        await disk.remove(`${aside}/${old}`);
        await disk.rename(`${folder}/${old}`, `${aside}/${old}`);
      }
    }
    failpoint('restore.in-place');
    await disk.rename(`${decided}/${name}`, `${folder}/${name}`);
  }
  await disk.remove(decided);
  await disk.write(`${folder}/restore.json`, `${JSON.stringify({ epoch })}\n`);
}
