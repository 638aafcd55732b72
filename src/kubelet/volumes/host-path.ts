import type { HostPathVolumeSource } from '#api/core/volume.ts';
import { StartError } from '#kubelet/start-error.ts';
import type { VolumeContext, VolumeKind } from '#kubelet/volumes/volume.ts';
import type { Disk, FileStat } from '#system/disk.ts';

/** A file or folder of the host. */
export const hostPathVolume: VolumeKind = {
  field: 'hostPath',
  async setUp({ volume, disk }) {
    const hostPath = await ensureHostPath(disk, volume.hostPath ?? { path: '' });
    return { hostPath, readOnly: false, isDevice: false, renewAtMs: Infinity };
  },
};

const WANTED: Readonly<Record<string, { type: FileStat['type']; words: string }>> = {
  Directory: { type: 'directory', words: 'a directory' },
  File: { type: 'file', words: 'a file' },
  Socket: { type: 'socket', words: 'a socket file' },
  CharDevice: { type: 'characterDevice', words: 'a character device' },
  BlockDevice: { type: 'blockDevice', words: 'a block device' },
};

/**
 * Checks, and with a `…OrCreate` type makes, what a hostPath names; resolves to its path. Throws StartError where it is
 * something else. Without a type nothing is checked, and the runtime makes a missing folder.
 */
export async function ensureHostPath(
  disk: VolumeContext['disk'],
  { path, type = '' }: HostPathVolumeSource,
): Promise<string> {
  if (!path.startsWith('/') || path.split('/').includes('..')) {
    throw new StartError('FailedMount', `hostPath "${path}" must be absolute and must not contain '..'`);
  }
  const found = await statThroughLinks(disk, path);
  if (type === 'DirectoryOrCreate' && found === undefined) await makeFolder(disk, path);
  else if (type === 'FileOrCreate' && found === undefined) await disk.write(path, '', { mode: 0o644 });
  else if (type === '' && found === undefined) await makeFolder(disk, path);
  else assertType(path, type.replace('OrCreate', ''), found);
  return path;
}

async function makeFolder(disk: Disk, path: string): Promise<void> {
  await disk.makeFolder(path, { mode: 0o755 });
}

function assertType(path: string, type: string, found: FileStat | undefined): void {
  const wanted = WANTED[type];
  if (wanted === undefined || found?.type === wanted.type) return;
  throw new StartError('FailedMount', `hostPath type check failed: ${path} is not ${wanted.words}`);
}

/** Symlinks of the host are followed, as upstream does. */
async function statThroughLinks(disk: Disk, path: string, depth = 0): Promise<FileStat | undefined> {
  const found = await disk.stat(path);
  const target = found?.type === 'symlink' ? await disk.readLink(path) : undefined;
  if (target === undefined || depth >= 40) return found;
  const folder = path.slice(0, path.lastIndexOf('/'));
  return statThroughLinks(disk, target.startsWith('/') ? target : `${folder}/${target}`, depth + 1);
}
