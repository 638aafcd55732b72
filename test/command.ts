import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

/** What a command left behind. */
export interface Outcome {
  /** Its exit code; -1 where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Its standard input; none where absent. */
  readonly input?: string;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Killed after so many milliseconds, which fails the test. */
  readonly withinMs?: number;
  readonly cwd?: string;
}

/** Runs a program to its end, whatever that is. */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> {
  const { withinMs = 60_000, input, cwd } = options;
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const read = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (read.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (read.stderr += text));
  child.stdin?.on('error', () => undefined).end(input);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, withinMs);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => resolve(exit ?? -1));
  }).finally(() => clearTimeout(timer));
  assert.ok(
    !isLate,
    `${program} ${args.join(' ')} did not end within ${withinMs / 1000} s: ${read.stdout}${read.stderr}`,
  );
  return { code, ...read };
}

/** Runs a program that is to succeed; resolves to its standard output. */
export async function output(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  assert.equal(code, 0, `${program} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}
