import type { Disk } from '#system/disk.ts';

/** One file of a container's log. */
export interface LogFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * The files of a container's log, the oldest first: those set aside by rotation (`0.log.20261121-100000`), then the one
 * that is written to. None where there is no log.
 */
export async function logFilesOf(disk: Disk, logPath: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (const path of [...(await rotatedFilesOf(disk, logPath)), logPath]) {
    const stat = await disk.stat(path);
    if (stat !== undefined) files.push({ path, sizeBytes: stat.sizeBytes });
  }
  return files;
}

/** Paths of the files that rotation has set aside, the oldest first. */
export async function rotatedFilesOf(disk: Disk, logPath: string): Promise<string[]> {
  const slash = logPath.lastIndexOf('/');
  const folder = logPath.slice(0, slash);
  const prefix = `${logPath.slice(slash + 1)}.`;
  const names = await disk.list(folder);
  return names.filter((name) => name.startsWith(prefix)).map((name) => `${folder}/${name}`);
}
