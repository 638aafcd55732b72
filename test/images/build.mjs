// Builds the images of the examples and tests as OCI archives, .cache/images/<family>.tar, from Debian packages.
// An archive is kept until its recipe changes. Runs on Node 18 and later: `node test/images/build.mjs`.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Where the archives are. */
export const IMAGES_FOLDER = join(HERE, '../../.cache/images');

/** Builds what is missing or out of date; says so through `say`, a line for each. */
export async function buildImages(/** @type {(line: string) => void} */ say) {
  const key = recipeKey();
  const stampPath = join(IMAGES_FOLDER, 'recipe');
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === key) return;

  const { architecture, unpackPool } = await import('./packages.mjs');
  const { ociArchive } = await import('./oci.mjs');
  const { recipes } = await import('./recipes.mjs');
  mkdirSync(IMAGES_FOLDER, { recursive: true });
  rmSync(stampPath, { force: true });
  const packages = [...new Set(recipes.flatMap((recipe) => recipe.packages))];
  say(`fetching ${packages.join(', ')} and their libraries`);
  const pool = join(IMAGES_FOLDER, 'pool');
  unpackPool(packages, { folder: pool, cache: join(IMAGES_FOLDER, 'packages') });
  for (const { family, images } of recipes) {
    say(`building the images of ${family}`);
    writeFileSync(join(IMAGES_FOLDER, `${family}.part`), ociArchive(images(pool), architecture()));
    renameSync(join(IMAGES_FOLDER, `${family}.part`), join(IMAGES_FOLDER, `${family}.tar`));
  }
  rmSync(pool, { recursive: true });
  writeFileSync(stampPath, key);
}

/** Hash of everything that the archives are made by. */
function recipeKey() {
  const hash = createHash('sha256').update(process.arch);
  for (const name of readdirSync(HERE).sort()) {
    if (name.endsWith('.mjs')) hash.update(name).update(readFileSync(join(HERE, name)));
  }
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildImages((line) => console.log(line));
