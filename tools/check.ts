/**
 * Everything that needs neither root nor containers: types, lint, format, ranks, documentation, unit tests, simulation.
 *
 * Run: `npm run check [-- NAME...]`. One line for each step; what a failed step said; the counts of the tests. Exits with 1
 * where a step failed.
 */
import { runCommand } from './run-command.ts';
import { listPaths } from './source-files.ts';
import { countsOfSpec, countsOfSummary, formatCounts, sumCounts, type TestCounts } from './test-counts.ts';

interface Step {
  readonly name: string;
  readonly command: () => readonly string[];
}

interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly output: string;
  /** Undefined where the step counts no tests. */
  readonly counts: TestCounts | undefined;
}

/** The longest a step may take: it is killed then, and has failed. */
const STEP_MS_MAX = 300_000;

/** Steps that run side by side. */
const STEPS_AT_ONCE = 2;

/** All tests in one process, with one seed for all properties; one that hangs fails after a minute. */
const NODE_TEST = [
  ...['node', '--import', './tools/property-seed.ts'],
  ...['--test', '--test-isolation=none', '--test-reporter=spec', '--test-timeout=60000'],
];

/** Tests of whole fleets take as long as many others: they are a step of their own. */
const SIMULATION = 'src/simulation/';

/** The API server and what it stands on have half of all tests: a step of their own, so that both cores have one. */
const API_ROOMS = /^src\/(?:api|apiserver|client|pki|store|system)\//u;

/** The longest first, so that the last ones fill the gaps. */
const STEPS: readonly Step[] = [
  { name: 'api', command: () => [...NODE_TEST, ...unitTests((path) => API_ROOMS.test(path))] },
  {
    name: 'unit',
    command: () => [
      ...NODE_TEST,
      ...unitTests((path) => !API_ROOMS.test(path) && !path.startsWith(SIMULATION)),
    ],
  },
  {
    name: 'simulation',
    command: () => ['node', 'src/simulation/main.ts', '--seeds', '20', '--hours', '0.15'],
  },
  { name: 'rehearsal', command: () => [...NODE_TEST, ...unitTests((path) => path.startsWith(SIMULATION))] },
  { name: 'types', command: () => ['tsc', '--project', '.'] },
  { name: 'lint', command: () => ['oxlint', '--type-aware', '--format', 'unix'] },
  { name: 'docs', command: () => ['node', 'tools/check-docs.ts'] },
  { name: 'format', command: () => ['biome', 'check', '--reporter=summary'] },
  { name: 'ranks', command: () => ['node', 'tools/ranks.ts'] },
];

function unitTests(isWanted: (path: string) => boolean): string[] {
  const tests = [...listPaths('src', '.test.ts'), ...listPaths('tools', '.test.ts')];
  return tests.filter((path) => !path.endsWith('.linux.test.ts') && isWanted(path));
}

async function runStep({ name, command }: Step): Promise<StepResult> {
  const { ok, output, durationMs } = await runCommand(command(), { limitMs: STEP_MS_MAX });
  const counts = countsOfSpec(output) ?? countsOfSummary(output);
  const note = counts === undefined ? '' : `  ${formatCounts(counts)}`;
  console.log(
    `${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(12)}${(durationMs / 1000).toFixed(1).padStart(6)} s${note}`,
  );
  return { name, ok, output, counts };
}

/** Runs the steps, a few side by side; the results in the order in which they ended. */
async function runSteps(steps: readonly Step[]): Promise<StepResult[]> {
  const waiting = [...steps];
  const results: StepResult[] = [];
  const work = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
      results.push(await runStep(step));
  };
  await Promise.all(Array.from({ length: STEPS_AT_ONCE }, work));
  return results;
}

/** A step counts as the tests that it ran, and where it ran none, or failed beside them, as one. */
function countsOf({ ok, counts }: StepResult): TestCounts {
  const one = { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
  if (counts === undefined) return one;
  return ok || counts.failed > 0 ? counts : sumCounts([counts, one]);
}

/** What a failed step said; of tests only those that failed, where the reporter sums them up. */
function complaintOf(output: string): string {
  const summary = output.lastIndexOf('\n✖ failing tests:\n');
  return output.slice(Math.max(0, summary)).trim();
}

const names = process.argv.slice(2);
const unknown = names.find((name) => !STEPS.some((step) => step.name === name));
if (unknown !== undefined) {
  console.error(`no step "${unknown}": there are ${STEPS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const results = await runSteps(STEPS.filter(({ name }) => names.length === 0 || names.includes(name)));
for (const { name, output } of results.filter(({ ok }) => !ok)) {
  console.log(`\n--- ${name}\n${complaintOf(output)}`);
}
const { passed, failed, skipped } = sumCounts(results.map(countsOf));
console.log(`\ntests ${passed + failed + skipped}, pass ${passed}, fail ${failed}, skipped ${skipped}`);
console.log(formatCounts({ passed, failed, skipped }));
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
