/**
 * Runs Kubernetes' own conformance tests against a site with real containers, and prints which of them fail.
 *
 *     npm run conformance                          # those of the API machinery; a quarter of an hour
 *     npm run conformance -- 'sig-(auth|apps)'     # those whose names match
 *
 * Needs root, containerd, and what `node test/conformance/build.ts` (once; with Go) makes. Ends with 1 where a test fails that
 * is not told of in `known.ts`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../tools/run-command.ts';
import { output } from '../command.ts';
import { runFolderOf } from '../residue.ts';
import { World } from '../world.ts';
import { CONFORMANCE } from './build.ts';
import { KNOWN, SKIPPED } from './known.ts';

const SITE = 'north';
const FOCUS = 'sig-api-machinery';

/** Tests that run side by side. */
const PROCESSES = 3;

/** Shown of what a failed test says, in characters. */
const MESSAGE_CHARS_MAX = 1000;

/** The longest that a run may take, in milliseconds; it is killed then. */
const RUN_MS_MAX = 60 * 60_000;

/** What the runner writes of a test, as far as it is read. */
interface Report {
  readonly SpecReports: readonly {
    readonly LeafNodeType: string;
    readonly LeafNodeText: string;
    readonly ContainerHierarchyTexts: readonly string[] | null;
    readonly State: string;
    readonly Failure?: { readonly Message: string };
  }[];
}

async function main(focus = FOCUS): Promise<number> {
  const missing = Object.values(CONFORMANCE).find((path) => !existsSync(path));
  if (missing !== undefined) {
    console.error('the tests are not here: build them with "node test/conformance/build.ts" (needs Go)');
    return 2;
  }
  await using world = await World.empty();
  await world.up('--no-example', '--sites', SITE);
  const socket = `${runFolderOf(world.site(SITE))}/containerd.sock`;
  await output('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'import', CONFORMANCE.images], {
    withinMs: 300_000,
  });
  const folder = mkdtempSync(join(tmpdir(), 'skerry-conformance-'));
  try {
    const report = join(folder, 'report.json');
    await runCommand(commandOf({ focus, report, kubeconfig: world.kubeconfig }), {
      limitMs: RUN_MS_MAX,
      echo: true,
    });
    return tell(JSON.parse(readFileSync(report, 'utf8')) as readonly Report[]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function commandOf({
  focus,
  report,
  kubeconfig,
}: Record<'focus' | 'report' | 'kubeconfig', string>): string[] {
  return [
    CONFORMANCE.runner,
    `--procs=${PROCESSES}`,
    '--no-color',
    '--silence-skips',
    '--timeout=1h',
    `--json-report=${report}`,
    `--focus=${focus}.*\\[Conformance\\]`,
    `--skip=${SKIPPED.map(({ name }) => name).join('|')}`,
    CONFORMANCE.tests,
    '--',
    ...[`--kubeconfig=${kubeconfig}`, `--context=${SITE}`, '--num-nodes=1', '--provider=local'],
  ];
}

/** Prints what failed, and the counts. */
function tell([report]: readonly Report[]): number {
  const tests = (report?.SpecReports ?? []).filter(
    ({ LeafNodeType, State }) => LeafNodeType === 'It' && State !== 'skipped',
  );
  const failed = tests.filter(({ State }) => State !== 'passed');
  let unknown = 0;
  console.log('');
  for (const { ContainerHierarchyTexts, LeafNodeText, Failure, State } of failed) {
    const name = [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' ');
    const known = KNOWN.find((candidate) => name.includes(candidate.name));
    if (known === undefined) unknown += 1;
    const message = (Failure?.Message ?? State).slice(0, MESSAGE_CHARS_MAX);
    console.log(`✖ ${name}\n    ${known === undefined ? message : `known: ${known.why}`}`);
  }
  for (const { name, why } of SKIPPED) console.log(`- not run: ${name}: ${why}`);
  console.log(
    `\n${tests.length - failed.length} passed, ${failed.length} failed, ${failed.length - unknown} of them known`,
  );
  return unknown === 0 && tests.length > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv[2]);
