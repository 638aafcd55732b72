/**
 * Writes docs/reference/limits.md: every named limit of `src/`, with its value and what its doc comment says of it.
 *
 * Run: `node tools/generate-limits.ts`. `check-docs.ts` holds the checked-in file against it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readFiles, type SourceFile } from './source-files.ts';

/** The file that is generated, from the root of the repository. */
export const LIMITS_PATH = 'docs/reference/limits.md';

/** One named limit. */
export interface Limit {
  readonly name: string;
  readonly value: string;
  /** What it limits and what happens at it: its doc comment, on one line. Empty where it has none. */
  readonly meaning: string;
  readonly path: string;
  /** 1-based. */
  readonly line: number;
}

const LIMIT = /^(?:export )?const (?<name>[A-Z0-9_]*_(?:MAX|MIN|TIMEOUT)(?:_MS)?) =\s+(?<value>[^;]+);/u;

/** Every limit that a file names at its top level. Constants that follow each other line by line share the comment above. */
export function limitsOf({ path, text }: SourceFile): Limit[] {
  const lines = text.split('\n');
  return lines.flatMap((_, index) => {
    const { name, value } = LIMIT.exec(lines.slice(index, index + 3).join('\n'))?.groups ?? {};
    if (name === undefined || value === undefined) return [];
    return [
      { name, value: formatValue(name, value), meaning: commentAbove(lines, index), path, line: index + 1 },
    ];
  });
}

function commentAbove(lines: readonly string[], index: number): string {
  let last = index - 1;
  while (/^(?:export )?const .*;$/u.test(lines[last] ?? '')) last -= 1;
  if (!lines[last]?.trimEnd().endsWith('*/')) return '';
  const first = lines.findLastIndex((line, at) => at <= last && line.startsWith('/**'));
  const comment = lines
    .slice(first, last + 1)
    .map((line) => line.replace(/^\s*\/?\*+\/?\s?|\s*\*\/$/gu, '').trim());
  return comment
    .join(' ')
    .replaceAll(/\{@link (\w+)\}/gu, '`$1`')
    .trim();
}

/** The value with its unit where the name has one: `64 * 1024` of a `_BYTES_MAX` is 64 KiB. Else as it is written. */
function formatValue(name: string, code: string): string {
  const factors = code.split('*').map((factor) => Number(factor.trim().replaceAll('_', '')));
  const value = factors.reduce((product, factor) => product * factor, 1);
  if (Number.isNaN(value)) return `\`${code.replaceAll(/\s+/gu, ' ')}\``;
  if (name.includes('_BYTES_')) return scaled(value, [1024 ** 2, 'MiB'], [1024, 'KiB'], [1, 'bytes']);
  if (!name.includes('_MS')) return value.toLocaleString('en-US');
  return scaled(value, [86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's'], [1, 'ms']);
}

/** The value in the largest unit of which it is a whole number of times, or at least one and a half. */
function scaled(value: number, ...units: readonly [size: number, name: string][]): string {
  const [size, name] = units.find(([size]) => value >= size && (value / size) % 0.5 === 0) ?? [1, ''];
  return `${(value / size).toLocaleString('en-US')} ${name}`.trim();
}

/** The whole document. */
export function formatLimits(limits: readonly Limit[]): string {
  const rooms = Map.groupBy(limits, ({ path }) => path.split('/')[1] ?? '');
  const sections = [...rooms]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([room, ofRoom]) => {
      const rows = ofRoom
        .toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line))
        .map(
          ({ name, value, meaning, path }) =>
            `| [\`${name}\`](../../${path}) | ${value} | ${meaning.replaceAll('|', '\\|')} |`,
        );
      return `## ${room}\n\n| limit | value | what it is, and what happens at it |\n|---|---|---|\n${rows.join('\n')}\n`;
    });
  const header =
    '# Limits\n\nGenerated from the sources by `npm run limits`: each constant of `src/` that bounds something, by room. ' +
    'A limit that a client can run into answers with a 4xx that names the field; a limit inside says below what it does.\n';
  return `${header}\n${sections.join('\n')}`;
}

/** The limits of all sources but those of tests and simulations. */
export function readLimits(): Limit[] {
  const files = readFiles('src', '.ts').filter(
    ({ path }) => !/\.test\.|fixture|conformance|simulat|\/test-/u.test(path),
  );
  return files.flatMap(limitsOf);
}

if (import.meta.main) writeFileSync(join(ROOT, LIMITS_PATH), formatLimits(readLimits()));
