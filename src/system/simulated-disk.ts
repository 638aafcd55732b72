import { posix } from 'node:path';
import type { Clock } from '#system/clock.ts';
import type { Disk, FileStat } from '#system/disk.ts';

type Entry =
  | { readonly type: 'file'; content: Uint8Array; mode: number; group: number; modifiedMs: number }
  | { readonly type: 'directory'; mode: number; group: number; modifiedMs: number }
  | { readonly type: 'symlink'; target: string; group: number; modifiedMs: number };

/** Symlinks followed on the way of one path; more is taken for a loop, as Linux does. */
const SYMLINKS_MAX = 40;

/** What a simulated disk holds, in bytes; writing more is not refused, a fault does that. */
const SPACE_BYTES = 64 * 1024 ** 3;

/** How a simulated disk fails: thrown by the next calls of that operation on a path that starts with `prefix`. */
export interface DiskFault {
  readonly operation: 'read' | 'write';
  readonly prefix: string;
  /** `ENOSPC`, `EIO`, `EROFS`, … */
  readonly code: string;
}

/**
 * A disk in memory, in virtual time. What a completed call left is there for the next call and after a
 * {@link SimulatedDisk.crash}; a call that a crash interrupts has done nothing. Folders a call needs are made by it.
 */
export class SimulatedDisk implements Disk {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #faults: DiskFault[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#entries.set('/', { type: 'directory', mode: 0o755, group: 0, modifiedMs: clock.now() });
  }

  /** Makes operations fail from now on, until {@link heal}. */
  fail(fault: DiskFault): void {
    this.#faults.push(fault);
  }

  /** Ends all faults. */
  heal(): void {
    this.#faults = [];
  }

  /** What is left after a power cut: a disk of the same content; folders under `volatile` (tmpfs) are empty. */
  crash(options: { volatile?: readonly string[] } = {}): SimulatedDisk {
    const survivor = new SimulatedDisk(this.#clock);
    for (const [path, entry] of this.#entries) {
      if (options.volatile?.some((folder) => path.startsWith(`${folder}/`))) continue;
      survivor.#entries.set(path, { ...entry });
    }
    return survivor;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    this.#check('read', path);
    const resolved = this.#resolve(path);
    const entry = resolved === undefined ? undefined : this.#entries.get(resolved);
    if (entry === undefined) return undefined;
    if (entry.type !== 'file') throw systemError('EISDIR', path);
    return entry.content.slice();
  }

  async readRange(path: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    return (await this.read(path))?.slice(offset, offset + length);
  }

  async write(path: string, content: Uint8Array | string, options: { mode?: number } = {}): Promise<void> {
    this.#check('write', path);
    this.#put(path, {
      type: 'file',
      content: bytesOf(content),
      mode: options.mode ?? 0o600,
      group: 0,
      modifiedMs: this.#clock.now(),
    });
  }

  async append(path: string, content: Uint8Array | string): Promise<void> {
    this.#check('write', path);
    const resolved = this.#resolve(path);
    const entry = resolved === undefined ? undefined : this.#entries.get(resolved);
    if (entry?.type === 'file') {
      entry.content = Buffer.concat([entry.content, bytesOf(content)]);
      entry.modifiedMs = this.#clock.now();
    } else {
      this.#put(path, {
        type: 'file',
        content: bytesOf(content),
        mode: 0o644,
        group: 0,
        modifiedMs: this.#clock.now(),
      });
    }
  }

  async list(path: string): Promise<string[]> {
    this.#check('read', path);
    const resolved = this.#resolve(path);
    const entry = resolved === undefined ? undefined : this.#entries.get(resolved);
    if (resolved === undefined || entry === undefined) return [];
    if (entry.type !== 'directory') throw systemError('ENOTDIR', path);
    return [...this.#entries.keys()]
      .filter((other) => other !== '/' && posix.dirname(other) === resolved)
      .map((other) => posix.basename(other))
      .toSorted();
  }

  async stat(path: string): Promise<FileStat | undefined> {
    this.#check('read', path);
    const entry = this.#entries.get(this.#locate(path));
    if (entry === undefined) return undefined;
    return {
      type: entry.type,
      sizeBytes: entry.type === 'file' ? entry.content.length : 0,
      modifiedMs: entry.modifiedMs,
      mode: entry.type === 'symlink' ? 0o777 : entry.mode,
      group: entry.group,
    };
  }

  async makeFolder(path: string, options: { mode?: number } = {}): Promise<void> {
    this.#check('write', path);
    this.#makeFolders(path, options.mode ?? 0o700);
  }

  async remove(path: string): Promise<void> {
    this.#check('write', path);
    const located = this.#locate(path);
    for (const other of this.#entries.keys()) {
      if (other === located || other.startsWith(`${located}/`)) this.#entries.delete(other);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check('write', to);
    const source = this.#locate(from);
    if (!this.#entries.has(source)) throw systemError('ENOENT', from);
    const target = this.#locate(to);
    if (this.#entries.get(posix.dirname(target))?.type !== 'directory') throw systemError('ENOENT', to);
    await this.remove(target);
    const moved = [...this.#entries].filter(([path]) => path === source || path.startsWith(`${source}/`));
    for (const [path, entry] of moved) {
      this.#entries.delete(path);
      this.#entries.set(`${target}${path.slice(source.length)}`, entry);
    }
  }

  async symlink(target: string, path: string): Promise<void> {
    this.#check('write', path);
    this.#put(path, { type: 'symlink', target, group: 0, modifiedMs: this.#clock.now() });
  }

  async readLink(path: string): Promise<string | undefined> {
    const entry = this.#entries.get(this.#locate(path));
    if (entry === undefined) return undefined;
    if (entry.type !== 'symlink') throw systemError('EINVAL', path);
    return entry.target;
  }

  async space(path: string): Promise<{ totalBytes: number; freeBytes: number }> {
    this.#check('read', path);
    let usedBytes = 0;
    for (const entry of this.#entries.values()) if (entry.type === 'file') usedBytes += entry.content.length;
    return { totalBytes: SPACE_BYTES, freeBytes: Math.max(0, SPACE_BYTES - usedBytes) };
  }

  async setMode(path: string, mode: number): Promise<void> {
    this.#check('write', path);
    const resolved = this.#resolve(path);
    const entry = resolved === undefined ? undefined : this.#entries.get(resolved);
    if (entry === undefined || entry.type === 'symlink') throw systemError('ENOENT', path);
    entry.mode = mode;
  }

  async setGroup(path: string, group: number): Promise<void> {
    this.#check('write', path);
    const entry = this.#entries.get(this.#locate(path));
    if (entry === undefined) throw systemError('ENOENT', path);
    entry.group = group;
  }

  #check(operation: DiskFault['operation'], path: string): void {
    const fault = this.#faults.find(
      (known) => known.operation === operation && path.startsWith(known.prefix),
    );
    if (fault !== undefined) throw systemError(fault.code, path);
  }

  #put(path: string, entry: Entry): void {
    const located = this.#locate(path);
    this.#makeFolders(posix.dirname(located), 0o700);
    if (this.#entries.get(located)?.type === 'directory') throw systemError('EISDIR', path);
    this.#entries.set(located, entry);
  }

  #makeFolders(path: string, mode: number): void {
    const resolved = this.#locate(path);
    const existing = this.#entries.get(resolved);
    if (existing?.type === 'directory') return;
    if (existing?.type === 'symlink') {
      if (this.#resolve(resolved) === undefined) throw systemError('EEXIST', path);
      return;
    }
    if (existing !== undefined) throw systemError('EEXIST', path);
    this.#makeFolders(posix.dirname(resolved), mode);
    this.#entries.set(resolved, { type: 'directory', mode, group: 0, modifiedMs: this.#clock.now() });
  }

  /** The path with symlinks followed in all of it but the last component. */
  #locate(path: string): string {
    const normal = posix.normalize(path).replace(/(?<=.)\/$/u, '');
    if (normal === '/') return '/';
    const folder = this.#resolve(posix.dirname(normal)) ?? posix.dirname(normal);
    return folder === '/' ? `/${posix.basename(normal)}` : `${folder}/${posix.basename(normal)}`;
  }

  /** The path with every symlink followed; undefined where it leads nowhere. */
  #resolve(path: string, depth = 0): string | undefined {
    if (depth > SYMLINKS_MAX) throw systemError('ELOOP', path);
    let current = '/';
    for (const name of posix.normalize(path).split('/')) {
      if (name === '') continue;
      const next = current === '/' ? `/${name}` : `${current}/${name}`;
      const entry = this.#entries.get(next);
      if (entry === undefined) return undefined;
      const step =
        entry.type === 'symlink' ? this.#resolve(posix.resolve(current, entry.target), depth + 1) : next;
      if (step === undefined) return undefined;
      current = step;
    }
    return current;
  }
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content.slice();
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
