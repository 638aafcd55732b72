import type { Payload } from '#kubelet/volumes/payload.ts';
import { type Clock, timestamp } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import { type Random, randomSuffix } from '#system/random.ts';

/** The symlink through which all files of a volume are seen, so that they change together. */
const DATA = '..data';

interface AtomicFolderOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** The group that all files are given to and may read them; the process's own where absent. */
  readonly group: number | undefined;
}

/**
 * Makes a folder hold just these files, in one step for whoever reads them: they are written to a new `..TIME` folder, and
 * `..data` is turned to it. Writes nothing where the files are there already. The layout is upstream kubelet's
 * (`AtomicWriter`), so that programs which watch `..data` notice.
 */
export async function writeAtomicFolder(
  folder: string,
  payload: Payload,
  options: AtomicFolderOptions,
): Promise<void> {
  const { disk } = options;
  const current = await disk.readLink(`${folder}/${DATA}`);
  const isCurrent = current !== undefined && (await holds(`${folder}/${current}`, payload, options));
  const shown = isCurrent ? current : await turnToNew(folder, payload, options);
  // An agent that was killed in the middle left the rest to us.
  await linkNames(folder, payload, disk);
  await removeOthers(folder, { shown, payload, disk });
}

/** Writes the files beside those that are shown, then shows them. */
async function turnToNew(folder: string, payload: Payload, options: AtomicFolderOptions): Promise<string> {
  const { disk, clock, random } = options;
  await openFolder(folder, disk);
  const next = `..${stamp(clock.now())}.${randomSuffix(random, 9)}`;
  await writeFiles(`${folder}/${next}`, payload, options);
  await disk.symlink(next, `${folder}/${DATA}`);
  return next;
}

async function holds(
  folder: string,
  payload: Payload,
  { disk, group }: AtomicFolderOptions,
): Promise<boolean> {
  const present = await filesBelow(folder, disk);
  if (present.length !== payload.size) return false;
  for (const [path, file] of payload) {
    const stat = await disk.stat(`${folder}/${path}`);
    if (
      stat?.type !== 'file' ||
      stat.sizeBytes !== file.content.length ||
      stat.mode !== modeOf(file.mode, group)
    )
      return false;
    const content = await disk.read(`${folder}/${path}`);
    if (content === undefined || !Buffer.from(content).equals(file.content)) return false;
  }
  return true;
}

async function filesBelow(folder: string, disk: Disk): Promise<string[]> {
  const files: string[] = [];
  for (const name of await disk.list(folder)) {
    const path = `${folder}/${name}`;
    if ((await disk.stat(path))?.type === 'directory') files.push(...(await filesBelow(path, disk)));
    else files.push(path);
  }
  return files;
}

async function writeFiles(
  folder: string,
  payload: Payload,
  { disk, group }: AtomicFolderOptions,
): Promise<void> {
  await openFolder(folder, disk);
  for (const [path, file] of payload) {
    const names = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= names.length; depth++)
      await openFolder([folder, ...names.slice(0, depth)].join('/'), disk);
    await disk.write(`${folder}/${path}`, file.content, { mode: modeOf(file.mode, group) });
    if (group !== undefined) await disk.setGroup(`${folder}/${path}`, group);
  }
}

/** Readable by whatever user the container runs as. */
async function openFolder(folder: string, disk: Disk): Promise<void> {
  await disk.makeFolder(folder);
  await disk.setMode(folder, 0o755);
}

/** A group that is given a file may read it. */
function modeOf(mode: number, group: number | undefined): number {
  return group === undefined ? mode : mode | 0o040;
}

async function linkNames(folder: string, payload: Payload, disk: Disk): Promise<void> {
  for (const name of topNames(payload)) {
    const target = `${DATA}/${name}`;
    if ((await disk.readLink(`${folder}/${name}`)) !== target)
      await disk.symlink(target, `${folder}/${name}`);
  }
}

async function removeOthers(
  folder: string,
  { shown, payload, disk }: { shown: string; payload: Payload; disk: Disk },
): Promise<void> {
  const kept = new Set([shown, DATA, ...topNames(payload)]);
  for (const name of await disk.list(folder)) if (!kept.has(name)) await disk.remove(`${folder}/${name}`);
}

function topNames(payload: Payload): Set<string> {
  return new Set([...payload.keys()].map((path) => path.split('/')[0] ?? path));
}

/** `2026_11_21_10_00_00`. */
function stamp(nowMs: number): string {
  return timestamp(nowMs).slice(0, 19).replaceAll(/[-T:]/gu, '_');
}
