import type { Disk } from '#system/disk.ts';
import type { Processes } from '#system/process.ts';

/** The layout of data folders that this version writes. It rises when an older version could no longer read what a newer wrote. */
export const DATA_FORMAT = 1;

/** What the command line of every process of ours contains: a process id may have gone to somebody else. */
export const PROGRAM_MARK = 'src/main.ts';

/** Something is wrong with a data folder, in one sentence that says what to do. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/**
 * Claims a data folder for this process (`pid`): refuses one that another live process holds, or that a newer version
 * wrote; marks a new one with the format. The claim ends with the process, or with the returned function.
 */
export async function claimDataFolder(
  folder: string,
  { disk, processes, pid, role }: { disk: Disk; processes: Processes; pid: number; role: string },
): Promise<() => Promise<void>> {
  await checkFormat(folder, disk);
  const lock = `${folder}/${role}.pid`;
  const holder = await readPid(lock, disk);
  if (holder !== undefined && holder !== pid && (await processes.isAlive(holder, PROGRAM_MARK))) {
    throw new DataFolderError(
      `${folder} is in use by process ${holder}: stop that one first ("skerry down"), or choose another folder with --data`,
    );
  }
  await disk.write(lock, `${pid}\n`);
  return () => disk.remove(lock);
}

/** The process id in a pid file, or undefined where there is none. */
export async function readPid(path: string, disk: Disk): Promise<number | undefined> {
  const content = await disk.read(path);
  const pid = content === undefined ? Number.NaN : Number(Buffer.from(content).toString('utf8').trim());
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

async function checkFormat(folder: string, disk: Disk): Promise<void> {
  const path = `${folder}/format.json`;
  const content = await disk.read(path);
  if (content === undefined) return disk.write(path, `${JSON.stringify({ format: DATA_FORMAT })}\n`);
  const format = formatOf(Buffer.from(content).toString('utf8'));
  if (format === undefined)
    throw new DataFolderError(
      `${path} is damaged: this is no data folder of Skerry, choose another with --data`,
    );
  if (format > DATA_FORMAT) {
    throw new DataFolderError(
      `${folder} was written by a newer version of Skerry (format ${format}, this version knows ${DATA_FORMAT}): run that version, or choose another folder with --data`,
    );
  }
}

function formatOf(text: string): number | undefined {
  try {
    const { format } = JSON.parse(text) as { format?: unknown };
    return typeof format === 'number' && Number.isInteger(format) ? format : undefined;
  } catch {
    // The caller says what a file without a format means.
    return undefined;
  }
}
