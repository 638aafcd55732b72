// Debian packages as a source of files: downloaded with apt and unpacked, never installed.

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { elfNeeds } from './elf.mjs';

/** Where libraries lie, beside the loader's own list. */
const LIBRARY_FOLDERS = ['/lib', '/usr/lib', '/lib64', '/usr/lib64'];

/** The machine's architecture as Debian and OCI both name it. */
export function architecture() {
  return run('dpkg', ['--print-architecture']).trim();
}

/** Downloads and unpacks packages with the libraries they depend on into one folder, a pool to pick files from. */
export function unpackPool(
  /** @type {string[]} */ packages,
  /** @type {{ folder: string, cache: string }} */ { folder, cache },
) {
  mkdirSync(cache, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  const unpacking = `${folder}.part`;
  rmSync(unpacking, { recursive: true, force: true });
  mkdirSync(unpacking, { recursive: true });
  for (const file of download(withLibraries(packages), cache)) run('dpkg-deb', ['-x', file, unpacking]);
  renameSync(unpacking, folder);
}

/** The packages and, through their dependencies, every library package. */
function withLibraries(/** @type {string[]} */ packages) {
  const found = new Set(packages);
  for (let added = packages; added.length > 0; ) {
    const asked = added;
    const options = [
      '--no-recommends',
      '--no-suggests',
      '--no-conflicts',
      '--no-breaks',
      '--no-replaces',
      '--no-enhances',
    ];
    const listed = updating(() => run('apt-cache', ['depends', ...options, ...asked]));
    const names = [...listed.matchAll(/^ [ |](?:Pre)?Depends: ((?:lib|zlib)[a-z0-9+.-]*)$/gmu)].map(
      (match) => match[1] ?? '',
    );
    added = [...new Set(names)].filter((name) => !found.has(name));
    for (const name of added) found.add(name);
  }
  return [...found].sort();
}

/** The paths of the packages' files; those that are not in the cache are downloaded. */
function download(/** @type {string[]} */ names, /** @type {string} */ cache) {
  const fileOf = (/** @type {string} */ name) =>
    readdirSync(cache).find((file) => file.startsWith(`${name}_`));
  const missing = names.filter((name) => fileOf(name) === undefined);
  if (missing.length > 0) updating(() => run('apt-get', ['download', ...missing], cache));
  return names.map((name) => join(cache, fileOf(name) ?? `${name}_.deb`));
}

let updated = false;

/** Does it; where that fails, once more with fresh package lists: they may be missing, or name files that are gone. */
function updating(/** @type {() => string} */ work) {
  try {
    return work();
  } catch (error) {
    if (updated || process.getuid?.() !== 0) throw error;
    updated = true;
    run('apt-get', ['update']);
    return work();
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} [cwd]
 */
function run(command, args, cwd) {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.error !== undefined) throw new Error(`${command} cannot be run: ${result.error.message}`);
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ${args.join(' ')}: exit ${result.status}: ${result.stderr.trim()}`);
}

/**
 * The programs of a pool as entries of a layer, each with its loader and every library that it needs.
 * @param {string} pool
 * @param {string[]} programs paths in the pool
 * @returns {import('./tar.mjs').Entry[]}
 */
export function programEntries(pool, programs) {
  /** @type {Map<string, import('./tar.mjs').Entry>} */
  const entries = new Map();
  const add = (/** @type {string} */ path) => {
    const file = resolveInPool(pool, path);
    if (file === undefined) throw new Error(`${path} is in none of the packages`);
    if (entries.has(path)) return;
    const content = readFileSync(join(pool, file));
    entries.set(path, { path: path.slice(1), type: 'file', content, mode: 0o755 });
    const needs = elfNeeds(content);
    if (needs?.loader !== undefined) add(needs.loader);
    for (const library of needs?.libraries ?? []) add(libraryPath(pool, library, path));
  };
  for (const program of programs) add(program);
  return [...entries.values()];
}

function libraryPath(
  /** @type {string} */ pool,
  /** @type {string} */ library,
  /** @type {string} */ neededBy,
) {
  const triplets = LIBRARY_FOLDERS.flatMap((folder) =>
    existsSync(join(pool, folder))
      ? readdirSync(join(pool, folder)).filter((name) => name.includes('-linux-gnu'))
      : [],
  );
  const folders = LIBRARY_FOLDERS.flatMap((folder) =>
    [...new Set(triplets)].map((triplet) => `${folder}/${triplet}`),
  );
  const found = [...folders, ...LIBRARY_FOLDERS].find(
    (folder) => resolveInPool(pool, `${folder}/${library}`) !== undefined,
  );
  if (found === undefined) throw new Error(`${library}, needed by ${neededBy}, is in none of the packages`);
  return `${found}/${library}`;
}

/** Follows symlinks inside the pool, as they would be followed inside the image. */
function resolveInPool(/** @type {string} */ pool, /** @type {string} */ path) {
  let at = path;
  for (let hops = 0; hops < 10; hops++) {
    const file = join(pool, at);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) return at;
    const target = readlinkSync(file);
    at = target.startsWith('/') ? target : posix.join(dirname(at), target);
  }
  throw new Error(`${basename(path)}: too many symlinks`);
}

/** What a program of the pool prints; only for programs that need no library. */
export function output(
  /** @type {string} */ pool,
  /** @type {string} */ program,
  /** @type {string[]} */ args,
) {
  return run(join(pool, program), args);
}
