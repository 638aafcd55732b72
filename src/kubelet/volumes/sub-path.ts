import { StartError } from '#kubelet/start-error.ts';
import type { Disk } from '#system/disk.ts';

/** Symlinks followed inside a volume on the way of one subPath. */
const SYMLINKS_MAX = 40;

/**
 * The host path of `subPath` in a volume, every symlink resolved as if the volume were the root of the file system, so
 * that none leads out of it; missing folders are made with the mode and group of the volume itself. Throws StartError where the path has `..` or loops.
 */
export async function resolveSubPath(disk: Disk, root: string, subPath: string): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) {
    throw new StartError(
      'CreateContainerConfigError',
      `subPath "${subPath}" must be relative and must not contain '..'`,
    );
  }
  const waiting = namesOf(subPath).toReversed();
  const done: string[] = [];
  for (let links = 0; waiting.length > 0; ) {
    const name = waiting.pop() ?? '';
    if (name === '..') {
      done.pop();
      continue;
    }
    const path = [root, ...done, name].join('/');
    const stat = await disk.stat(path);
    if (stat?.type !== 'symlink') {
      if (stat === undefined) await makeFolder(disk, path, root);
      done.push(name);
      continue;
    }
    links += 1;
    if (links > SYMLINKS_MAX)
      throw new StartError('CreateContainerConfigError', `subPath "${subPath}" has too many symbolic links`);
    const target = (await disk.readLink(path)) ?? '';
    if (target.startsWith('/')) done.length = 0;
    waiting.push(...namesOf(target).toReversed());
  }
  return [root, ...done].join('/');
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

async function makeFolder(disk: Disk, path: string, root: string): Promise<void> {
  const volume = await disk.stat(root);
  await disk.makeFolder(path);
  if (volume === undefined) return;
  await disk.setGroup(path, volume.group);
  await disk.setMode(path, volume.mode);
}
