import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/u, '');

/** Folders that hold nothing a person wrote. */
const SKIPPED = new Set(['node_modules', 'gen']);

/** One file: its path from the root of the repository, with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The paths under `folder` that end in `suffix`, sorted; generated folders and names that begin with a dot left out. */
export function listPaths(folder: string, suffix: string): string[] {
  const walk = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      if (SKIPPED.has(entry.name) || entry.name.startsWith('.')) return [];
      const below = join(path, entry.name);
      if (entry.isDirectory()) return walk(below);
      return entry.name.endsWith(suffix) ? [relative(ROOT, below)] : [];
    });
  return walk(join(ROOT, folder)).toSorted();
}

/** As {@link listPaths}, with what the files say. */
export function readFiles(folder: string, suffix: string): SourceFile[] {
  return listPaths(folder, suffix).map((path) => ({ path, text: readText(path) }));
}

/** The text of one file, by its path from the root. Throws where there is none. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
