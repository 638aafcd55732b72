/**
 * Holds the documentation against the code: links, commands, options, rooms, dependencies, limits.
 *
 * Run: `node tools/check-docs.ts`. Prints one line for each fault and exits with 1 where there is one.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type CommandLine, commandFault, readCommandLine } from './command-line.ts';
import { formatKinds, KINDS_PATH } from './generate-kinds.ts';
import { formatLimits, LIMITS_PATH, type Limit, readLimits } from './generate-limits.ts';
import { anchorsOf, codeOf, linksOf } from './markdown.ts';
import { ROOT, readFiles, readText, type SourceFile } from './source-files.ts';

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const ARCHITECTURE_PATH = 'docs/architecture.md';
const DEPENDENCIES_PATH = 'docs/decisions/dependencies.md';
const CLI_PATH = 'docs/reference/cli.md';

/** Relative links lead to files, and their anchors to headings. */
function linkFaults({ path, text }: SourceFile): string[] {
  return linksOf(text).flatMap(({ target, line }) => {
    if (/^[a-z]+:/u.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const linked = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(ROOT, linked))) return [`${path}:${line}: "${target}" leads to no file`];
    if (anchor === undefined || !linked.endsWith('.md') || anchorsOf(readText(linked)).has(anchor)) return [];
    return [`${path}:${line}: "${target}" leads to no heading`];
  });
}

/** Commands in code exist: `npm run X` in package.json, `skerry X --option` in the help of skerry. */
function commandFaults(
  { path, text }: SourceFile,
  scripts: Manifest['scripts'],
  commandLine: CommandLine,
): string[] {
  return codeOf(text).flatMap(({ code, line }) => {
    const script = /^(?:\$ )?npm (?:run )?(?<name>[a-z]+)(?= |$)/u.exec(code.trim())?.groups?.['name'];
    const isScript = script === undefined || script === 'ci' || script === 'install' || script in scripts;
    const fault = isScript ? commandFault(code, commandLine) : `package.json has no script "${script}"`;
    return fault === undefined ? [] : [`${path}:${line}: ${fault}`];
  });
}

/** Every command and option of skerry is described, and every option described exists. */
function referenceFaults(commandLine: CommandLine): string[] {
  const text = readText(CLI_PATH);
  return [...commandLine].flatMap(([name, options]) => {
    const section = text.split(/^## /mu).find((part) => part.startsWith(`\`${`skerry ${name}`.trim()}\`\n`));
    if (section === undefined)
      return name === 'token' ? [] : [`${CLI_PATH}:1: no section on "skerry ${name}"`];
    const missing = [...options].filter((option) => option !== '--help' && !section.includes(option));
    const rows = [...section.matchAll(/^\| `(?<option>--[a-z-]+)/gmu)].map(
      ({ groups }) => groups?.['option'] ?? '',
    );
    return [
      ...missing.map((option) => `${CLI_PATH}:1: "skerry ${name}" does not describe ${option}`),
      ...rows
        .filter((option) => !options.has(option))
        .map((option) => `${CLI_PATH}:1: "skerry ${name}" has no option ${option}`),
    ];
  });
}

/** Every room of `src/` stands in the architecture. */
function roomFaults(): string[] {
  const text = readText(ARCHITECTURE_PATH);
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return rooms
    .filter(({ name }) => !text.includes(`(../src/${name}`))
    .map(({ name }) => `${ARCHITECTURE_PATH}:1: says nothing of src/${name}`);
}

/** Every dependency has a row, and every row is a dependency. */
function dependencyFaults(manifest: Manifest): string[] {
  const used = new Set(
    [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies].flatMap(Object.keys),
  );
  const rows = [
    ...readText(DEPENDENCIES_PATH).matchAll(/^\| `(?<first>[^`]+)`(?:, `(?<second>[^`]+)`)? \|/gmu),
  ];
  const documented = rows.flatMap(({ groups }) =>
    [groups?.['first'], groups?.['second']].filter((name) => name !== undefined),
  );
  return [
    ...[...used]
      .filter((name) => !documented.includes(name))
      .map((name) => `${DEPENDENCIES_PATH}:1: no row for "${name}"`),
    ...documented
      .filter((name) => !used.has(name))
      .map((name) => `${DEPENDENCIES_PATH}:1: "${name}" is no dependency`),
  ];
}

/** Every limit says what happens at it, and the generated list is up to date. */
function limitFaults(limits: readonly Limit[]): string[] {
  const stale = readText(LIMITS_PATH) !== formatLimits(limits);
  return [
    ...limits
      .filter(({ meaning }) => meaning === '')
      .map(({ path, line, name }) => `${path}:${line}: ${name} has no doc comment: say what happens at it`),
    ...(stale ? [`${LIMITS_PATH}:1: is not what "npm run limits" writes`] : []),
  ];
}

/** The list of kinds is up to date. */
function kindFaults(): string[] {
  return readText(KINDS_PATH) === formatKinds()
    ? []
    : [`${KINDS_PATH}:1: is not what "npm run kinds" writes`];
}

const manifest = JSON.parse(readText('package.json')) as Manifest;
const documents = [{ path: 'README.md', text: readText('README.md') }, ...readFiles('docs', '.md')];
const commandLine = await readCommandLine();
const faults = [
  ...documents.flatMap(linkFaults),
  ...documents.flatMap((document) => commandFaults(document, manifest.scripts, commandLine)),
  ...referenceFaults(commandLine),
  ...roomFaults(),
  ...dependencyFaults(manifest),
  ...limitFaults(readLimits()),
  ...kindFaults(),
];
for (const fault of faults) console.log(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
