import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Disk, errorCode, type FileStat } from '#system/disk.ts';

/** The machine's own disk. */
export const realDisk: Disk = {
  read: (path) => orUndefined(fs.readFile(path)),
  readRange: (path, offset, length) => orUndefined(readRange(path, { offset, length })),
  write: replaceFile,
  append: async (path, content, { sync = false } = {}) => {
    await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await fs.appendFile(path, content, { flush: sync });
  },
  list: async (path) => ((await orUndefined(fs.readdir(path))) ?? []).toSorted(),
  stat,
  makeFolder: async (path, options = {}) => {
    await fs.mkdir(path, { recursive: true, mode: options.mode ?? 0o700 });
  },
  remove: (path) => fs.rm(path, { recursive: true, force: true }),
  rename: (from, to) => fs.rename(from, to),
  symlink: replaceSymlink,
  readLink: (path) => orUndefined(fs.readlink(path)),
  space: async (path) => {
    const { bsize, blocks, bavail } = await fs.statfs(path);
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
  },
  setMode: (path, mode) => fs.chmod(path, mode),
  setGroup,
};

/** Makes temporary names unique within this process; the process id makes them unique on the machine. */
let temporaryNames = 0;

function temporaryName(path: string): string {
  temporaryNames += 1;
  return `${path}.${process.pid}.${temporaryNames}.tmp`;
}

async function replaceFile(
  path: string,
  content: Uint8Array | string,
  options: { mode?: number } = {},
): Promise<void> {
  await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = temporaryName(path);
  try {
    const file = await fs.open(temporary, 'wx', options.mode ?? 0o600);
    try {
      await file.writeFile(content);
      await file.chmod(options.mode ?? 0o600);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** A rename is durable only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await fs.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function replaceSymlink(target: string, path: string): Promise<void> {
  const temporary = temporaryName(path);
  await fs.symlink(target, temporary);
  await fs.rename(temporary, path);
}

async function readRange(path: string, range: { offset: number; length: number }): Promise<Uint8Array> {
  const file = await fs.open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(range.length);
    const { bytesRead } = await file.read(buffer, 0, range.length, range.offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function stat(path: string): Promise<FileStat | undefined> {
  const found = await orUndefined(fs.lstat(path));
  if (found === undefined) return undefined;
  return {
    type: typeOf(found),
    sizeBytes: found.size,
    modifiedMs: found.mtimeMs,
    mode: found.mode & 0o7777,
    group: found.gid,
  };
}

function typeOf(found: Stats): FileStat['type'] {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'directory';
  if (found.isSymbolicLink()) return 'symlink';
  if (found.isSocket()) return 'socket';
  if (found.isCharacterDevice()) return 'characterDevice';
  return found.isBlockDevice() ? 'blockDevice' : 'other';
}

async function setGroup(path: string, group: number): Promise<void> {
  const { uid } = await fs.lstat(path);
  await fs.lchown(path, uid, group);
}

async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
