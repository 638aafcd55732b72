/**
 * Everything: the checks, then the tests with real parts, each file in a process of its own, one after the other.
 *
 * Run: `npm test`. Needs root and containerd for the second half; without them says how many files it left out. The last
 * line is `N passed, N failed, N skipped`.
 */
import { accessSync, constants } from 'node:fs';
import { type CommandOutcome, runCommand } from '../tools/run-command.ts';
import { listPaths } from '../tools/source-files.ts';
import {
  countsOfSpec,
  countsOfSummary,
  formatCounts,
  sumCounts,
  type TestCounts,
} from '../tools/test-counts.ts';

/** The longest that the checks may take. */
const CHECK_MS_MAX = 15 * 60_000;

/** The longest that one file of tests with real parts may take; it is killed then, and has failed. */
const FILE_MS_MAX = 10 * 60_000;

const ONE_FAILED: TestCounts = { passed: 0, failed: 1, skipped: 0 };

/** Why nothing real can be tested here; undefined where it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'this is not root';
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin', '/usr/sbin'];
  return folders.some((folder) => isExecutable(`${folder}/containerd`))
    ? undefined
    : 'containerd is not installed';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Whatever the reason, it cannot be run.
    return false;
  }
}

async function runCheck(): Promise<TestCounts> {
  const outcome = await runCommand(['node', 'tools/check.ts'], { limitMs: CHECK_MS_MAX, echo: true });
  return withFailure(countsOfSummary(outcome.output), outcome);
}

async function runFile(path: string): Promise<TestCounts> {
  console.log(`\n=== ${path}`);
  const seed = ['--import', './tools/property-seed.ts'];
  const command = ['node', ...seed, '--test', '--test-isolation=none', '--test-reporter=spec', path];
  const outcome = await runCommand(command, { limitMs: FILE_MS_MAX, echo: true });
  return withFailure(countsOfSpec(outcome.output), outcome);
}

/** A command that failed without a failed test counts as one. */
function withFailure(counts: TestCounts | undefined, { ok }: CommandOutcome): TestCounts {
  if (counts === undefined) return ONE_FAILED;
  return ok || counts.failed > 0 ? counts : sumCounts([counts, ONE_FAILED]);
}

const all = [await runCheck()];
const paths = [...listPaths('src', '.linux.test.ts'), ...listPaths('test', '.linux.test.ts')];
const why = obstacle();
if (why === undefined) {
  for (const path of paths) all.push(await runFile(path));
} else {
  console.log(`\n*** ${paths.length} FILES OF TESTS WITH REAL PARTS WERE SKIPPED: ${why} ***`);
  all.push({ passed: 0, failed: 0, skipped: paths.length });
}
const sum = sumCounts(all);
console.log(`\n${formatCounts(sum)}`);
process.exitCode = sum.failed === 0 ? 0 : 1;
