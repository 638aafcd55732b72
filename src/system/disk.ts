/** A file's kind and size, as {@link Disk.stat} reports it. */
export interface FileStat {
  readonly type: 'file' | 'directory' | 'symlink' | 'socket' | 'characterDevice' | 'blockDevice' | 'other';
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Permission bits, set-group-id and sticky among them. */
  readonly mode: number;
  /** Id of the owning group. */
  readonly group: number;
}

/** Disk as an argument. Paths are absolute. Errors keep Node's `code` (ENOENT, ENOSPC, EACCES, …) as their `code`. */
export interface Disk {
  /** The whole file, or undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces a file by temporary file, fsync and rename: after it returns, a power cut leaves the new content; before,
   * the old. Makes missing parent folders (mode 0700).
   */
  write(path: string, content: Uint8Array | string, options?: { mode?: number }): Promise<void>;
  /** Reads `[offset, offset + length)`; fewer bytes at the end of the file. Undefined where there is no file. */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array | undefined>;
  /** Adds to the end of a file, or makes it. Where not asked to `sync`, a power cut may take it back. */
  append(path: string, content: Uint8Array | string, options?: { sync?: boolean }): Promise<void>;
  /** Names in a folder, sorted; empty where there is none. */
  list(path: string): Promise<string[]>;
  stat(path: string): Promise<FileStat | undefined>;
  makeFolder(path: string, options?: { mode?: number }): Promise<void>;
  /** Removes a file or a whole folder; does nothing where there is none. Never follows a symlink. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes (or atomically replaces) a symlink at `path` that says `target`. */
  symlink(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string | undefined>;
  /** Size of the file system that a folder is on, and what is left of it for us. */
  space(path: string): Promise<{ totalBytes: number; freeBytes: number }>;
  /** Sets the permission bits exactly, whatever the process's umask. */
  setMode(path: string, mode: number): Promise<void>;
  /** Gives the file itself (a symlink, not its target) to another group; its user stays. */
  setGroup(path: string, group: number): Promise<void>;
}

/** The `code` of a system error (`ENOENT`, `ENOSPC`, …), or undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
