/**
 * Holds `src/` against its ranks: a file imports only its own room and rooms of a lower rank, by `#room/file.ts`.
 *
 * Run: `node tools/ranks.ts [--graph]`. Prints one line for each fault and exits with 1 where there is one.
 */
import { findCycles } from './import-cycles.ts';
import { importsOf, onlyReexports } from './module-imports.ts';
import { readFiles, readText, type SourceFile } from './source-files.ts';

/** Each room by its rank. `main.ts`, beside the rooms, is a room of its own: nothing imports it. */
export const RANKS: Readonly<Record<string, number>> = {
  system: 0,
  api: 0,
  store: 1,
  pki: 1,
  cri: 1,
  client: 2,
  apiserver: 3,
  reconcile: 3,
  controllers: 4,
  scheduler: 4,
  kubelet: 4,
  network: 4,
  link: 4,
  fleet: 4,
  registry: 4,
  telemetry: 4,
  console: 5,
  cli: 5,
  hub: 6,
  site: 6,
  simulation: 7,
  'main.ts': 7,
};

/** What a room may import beside what its rank allows, with the reason. */
const EXCEPTIONS: readonly { readonly room: string; readonly target: string; readonly why: string }[] = [
  { room: 'system', target: '../../package.json', why: 'the version stands there' },
  { room: 'api', target: '#system/assert.ts', why: 'assertions are pure' },
  { room: 'api', target: '#system/clock.ts', why: 'writing and reading of timestamps is pure' },
];

/** Rooms below the API server whose tests take the real one, in process, instead of a likeness of it. */
const TESTED_WITH_SERVER: ReadonlySet<string> = new Set(['client', 'reconcile']);

/** Names that say nothing of what is in a file or folder. */
const EMPTY_NAMES = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'types',
  'misc',
  'shared',
  'index',
]);

/** Files that only tests import: they may use packages for development. */
const TEST_SUPPORT =
  /\.test\.ts$|[./-]fixtures?\.ts$|\/test-[^/]*\.ts$|conformance[^/]*\.ts$|-arbitrary\.ts$/u;

/** The packages that sources and their tests may import. */
export interface Packages {
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

/** Every fault of the files of `src/`, each one line `path:line: what is wrong`. */
export function rankFaults(files: readonly SourceFile[], packages: Packages): string[] {
  const paths = new Set(files.map(({ path }) => path));
  return [
    ...files.flatMap(nameFaults),
    ...files
      .filter(onlyReexports)
      .map(({ path }) => `${path}:1: only hands on what other files export: import those`),
    ...files.flatMap((file) =>
      importsOf(file).flatMap(({ specifier, line }) => {
        const fault = importFault(file.path, specifier, { paths, packages });
        return fault === undefined ? [] : [`${file.path}:${line}: ${fault}`];
      }),
    ),
    ...findCycles(importGraph(files, { types: false })).map(
      (cycle) => `${cycle[0]}:1: imports itself: ${cycle.join(' -> ')}`,
    ),
  ];
}

function nameFaults({ path }: SourceFile): string[] {
  const empty = path.split('/').find((part) => EMPTY_NAMES.has(part.split('.')[0] ?? ''));
  const unranked =
    RANKS[roomOf(path)] === undefined ? [`${path}:1: "${roomOf(path)}" is no room: give it a rank`] : [];
  return [...unranked, ...(empty === undefined ? [] : [`${path}:1: "${empty}" does not say what it does`])];
}

function importFault(
  path: string,
  specifier: string,
  { paths, packages }: { paths: ReadonlySet<string>; packages: Packages },
): string | undefined {
  const room = roomOf(path);
  if (specifier.startsWith('node:')) return undefined;
  if (EXCEPTIONS.some((exception) => exception.room === room && exception.target === specifier))
    return undefined;
  if (specifier.startsWith('.')) return `imports "${specifier}": say "#room/file.ts"`;
  if (!specifier.startsWith('#')) return packageFault(path, specifier, packages);
  const target = targetOf(specifier);
  if (target.endsWith('.ts') && !target.includes('/gen/') && !paths.has(target))
    return `imports "${specifier}", which does not exist`;
  if (TEST_SUPPORT.test(target) && !TEST_SUPPORT.test(path))
    return `imports "${specifier}", which is for tests`;
  const isServerOfTest =
    TEST_SUPPORT.test(path) && TESTED_WITH_SERVER.has(room) && roomOf(target) === 'apiserver';
  return isServerOfTest ? undefined : rankFault(room, roomOf(target), specifier);
}

function rankFault(room: string, target: string, specifier: string): string | undefined {
  if (room === target || (RANKS[target] ?? Infinity) < (RANKS[room] ?? -1)) return undefined;
  return `imports "${specifier}": ${target} has rank ${RANKS[target]}, ${room} has ${RANKS[room]}`;
}

function packageFault(path: string, specifier: string, packages: Packages): string | undefined {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (packages.dependencies.has(name)) return undefined;
  if (TEST_SUPPORT.test(path) && packages.devDependencies.has(name)) return undefined;
  return `imports the package "${name}", which package.json does not list for it`;
}

/** `src/cri/runtime.ts` -> `cri`; `src/main.ts` -> `main.ts`. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function targetOf(specifier: string): string {
  return `src/${specifier.slice(1)}`;
}

/** Each file with the files of `src/` that it imports; without `types` only those that it needs when it runs. */
function importGraph(files: readonly SourceFile[], { types }: { types: boolean }): Map<string, string[]> {
  const inSource = (file: SourceFile): string[] =>
    importsOf(file).flatMap(({ specifier, isType }) =>
      specifier.startsWith('#') && (types || !isType) ? [targetOf(specifier)] : [],
    );
  return new Map(files.map((file) => [file.path, inSource(file)]));
}

/** The rooms as text, lowest rank first: size, and how many imports lead to which room. */
export function formatGraph(files: readonly SourceFile[]): string {
  const graph = importGraph(files, { types: true });
  const rooms = Map.groupBy(files, ({ path }) => roomOf(path));
  const ranked = [...rooms].toSorted(([a], [b]) => (RANKS[a] ?? 0) - (RANKS[b] ?? 0) || (a < b ? -1 : 1));
  const rows = ranked.map(([room, inRoom]) => {
    const targets = inRoom
      .flatMap(({ path }) => (graph.get(path) ?? []).map(roomOf))
      .filter((target) => target !== room);
    const counts = [...Map.groupBy(targets, (target) => target)].map(
      ([target, all]) => `${target} ${all.length}`,
    );
    const lines = inRoom.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
    return `${RANKS[room] ?? '?'}  ${room.padEnd(12)}${`${inRoom.length} files`.padStart(10)}${`${lines} lines`.padStart(14)}  ->  ${counts.toSorted().join(', ')}`;
  });
  return rows.join('\n');
}

function readPackages(): Packages {
  const { dependencies, devDependencies } = JSON.parse(readText('package.json')) as Record<
    string,
    Record<string, string>
  >;
  return {
    dependencies: new Set(Object.keys(dependencies ?? {})),
    devDependencies: new Set(Object.keys(devDependencies ?? {})),
  };
}

if (import.meta.main) {
  const files = readFiles('src', '.ts');
  if (process.argv.includes('--graph')) console.log(formatGraph(files));
  const faults = rankFaults(files, readPackages());
  for (const fault of faults) console.log(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
