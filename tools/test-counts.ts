/** How tests went. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 };

/** Adds up counts. */
export function sumCounts(all: readonly TestCounts[]): TestCounts {
  return all.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    NO_TESTS,
  );
}

/**
 * The counts at the end of what Node's spec reporter prints (`ℹ pass 12`); undefined where it printed none. A test that was
 * cancelled has failed; one that is still to be written counts as skipped.
 */
export function countsOfSpec(output: string): TestCounts | undefined {
  const count = (word: string): number | undefined => {
    const found = [...output.matchAll(new RegExp(`^ℹ ${word} (\\d+)$`, 'gmu'))].at(-1);
    return found === undefined ? undefined : Number(found[1]);
  };
  const [passed, failed] = [count('pass'), count('fail')];
  if (passed === undefined || failed === undefined) return undefined;
  const or0 = (word: string): number => count(word) ?? 0;
  return { passed, failed: failed + or0('cancelled'), skipped: or0('skipped') + or0('todo') };
}

/** The counts in the last line that {@link formatCounts} made; undefined where there is none. */
export function countsOfSummary(output: string): TestCounts | undefined {
  const found = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gmu)].at(-1);
  return found === undefined
    ? undefined
    : { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3] ?? 0) };
}

/** `12 passed, 0 failed, 1 skipped`: one line that programs read too. */
export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
