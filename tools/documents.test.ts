import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandFault, parseHelp } from './command-line.ts';
import { anchorsOf, codeOf, linksOf } from './markdown.ts';

const HELP = `Usage: skerry token create [options]

make a join token
and print it

Options:
  --data <folder>  where everything is (env:
                   SKERRY_DATA)
  -V, --version    output the version number
  --no-example     do not apply --this
  -h, --help       display help for command

Commands:
  create [options]  make a join token
                    that hosts use
  help [command]    display help for command
`;

test('a help text tells its options and commands', () => {
  const { options, subcommands } = parseHelp(HELP);
  assert.deepEqual([...options], ['--data', '--version', '--no-example', '--help']);
  assert.deepEqual(subcommands, ['create']);
});

test('a written command is held against the command line', () => {
  const commandLine = new Map([
    ['', new Set(['--version'])],
    ['up', new Set(['--data', '--no-example'])],
    ['token', new Set<string>()],
    ['token create', new Set(['--site'])],
  ]);
  const situations: [code: string, fault: RegExp | undefined][] = [
    ['npx skerry up --data here --no-example', undefined],
    ['sudo npx skerry up # --not-looked-at', undefined],
    ['skerry token create --site a | tee x', undefined],
    ['skerry --version', undefined],
    ['skerry', undefined],
    ['skerry up [--data <folder>]', undefined],
    ['kubectl get sites --not-ours', undefined],
    ['skerry up --wait', /"skerry up" has no option --wait/u],
    ['skerry upp', /"skerry upp" is no command/u],
    ['skerry token create [--data x]', /"skerry token create" has no option --data/u],
  ];
  for (const [code, expected] of situations) {
    const fault = commandFault(code, commandLine);
    if (expected === undefined) assert.equal(fault, undefined, code);
    else assert.match(fault ?? '', expected);
  }
});

const TEXT = `# A *heading*: with \`code\`
[one](a.md) and [\`two\`](../b.ts#L1), not \`[three](c.md)\`
\`\`\`
npm run check [four](d.md)
# no heading
\`\`\`
## Sites, and hosts
`;

test('links are found outside of code, code in spans and fences', () => {
  assert.deepEqual(linksOf(TEXT), [
    { target: 'a.md', line: 2 },
    { target: '../b.ts#L1', line: 2 },
  ]);
  assert.ok(codeOf(TEXT).some(({ code, line }) => code === 'npm run check [four](d.md)' && line === 4));
  assert.ok(codeOf(TEXT).some(({ code }) => code === '[three](c.md)'));
});

test('headings have the anchors that GitHub gives them', () => {
  assert.deepEqual([...anchorsOf(TEXT)], ['a-heading-with-code', 'sites-and-hosts']);
});
