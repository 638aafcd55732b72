import { type AuditVerdict, verifyData, verifyFiles } from '#apiserver/audit/verify.ts';
import { CommandError, type Screen } from '#cli/screen.ts';
import type { Disk } from '#system/disk.ts';

/** What is to be verified: files as they are, or what is in a data folder. */
export interface AuditVerifyOptions {
  readonly dataFolder: string;
  readonly files: readonly string[];
}

/**
 * Verifies audit logs and prints what was found: of a hub or a site, of all that is in a data folder of `up`, or of files
 * that follow each other. Throws a CommandError with code 1 where anything is wrong, 2 where there is no log.
 */
export async function verifyAudit(
  { dataFolder, files }: AuditVerifyOptions,
  { disk, screen }: { disk: Disk; screen: Screen },
): Promise<void> {
  if (files.length > 0) return conclude([report(files.join(' '), await verifyFiles(disk, files), screen)]);
  const folders = await auditedFolders(disk, dataFolder);
  if (folders.length === 0) {
    throw new CommandError(
      `there is no audit log in ${dataFolder}: give the folder of a hub, of a site or of "skerry up" with --data, or the files`,
      { code: 2 },
    );
  }
  const sound: boolean[] = [];
  for (const folder of folders) sound.push(report(folder, await verifyData(disk, folder), screen));
  conclude(sound);
}

/** The folder itself, or the hub and the sites below it. A folder whose log was removed, but not its anchor, counts too. */
async function auditedFolders(disk: Disk, root: string): Promise<string[]> {
  const sites = (await disk.list(`${root}/sites`)).map((name) => `${root}/sites/${name}`);
  const found: string[] = [];
  for (const folder of [root, `${root}/hub`, ...sites]) {
    const names = await disk.list(folder);
    if (names.includes('audit') || names.includes('audit-anchor.json')) found.push(folder);
  }
  return found;
}

function report(what: string, verdict: AuditVerdict, screen: Screen): boolean {
  const { lines, files, first, last, faults, notes } = verdict;
  for (const { file, line, why } of faults)
    screen.print(line === 0 ? `${file}: ${why}` : `${file}:${line}: ${why}`);
  for (const note of notes) screen.say(note);
  const range = lines === 0 ? 'no lines' : `${lines} lines (numbers ${first} to ${last}) in ${files} files`;
  const outcome = faults.length === 0 ? 'unbroken' : `${faults.length} faults`;
  screen.print(`${what}: ${range}: ${outcome}`);
  return faults.length === 0;
}

function conclude(sound: readonly boolean[]): void {
  if (sound.includes(false)) throw new CommandError('the audit log is not what was written');
}
