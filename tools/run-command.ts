import { spawn } from 'node:child_process';
import { ROOT } from './source-files.ts';

/** What a command left behind. */
export interface CommandOutcome {
  /** It ended by itself, with exit code 0. */
  readonly ok: boolean;
  /** Standard output and standard error, as they came; a last line says where the time was up. */
  readonly output: string;
  readonly durationMs: number;
}

/** Process groups that run now: they end with this process. */
const running = new Set<number>();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const group of running) killGroup(group);
    process.exit(1);
  });
}

/**
 * Runs a command at the root of the repository with the project's programs first on `PATH`, to its end or to `limitMs`; then
 * it is killed with all its children. `echo` shows the output as it comes.
 */
export function runCommand(
  [program = '', ...args]: readonly string[],
  { limitMs, echo = false }: { limitMs: number; echo?: boolean },
): Promise<CommandOutcome> {
  const startMs = performance.now();
  const path = `${ROOT}/node_modules/.bin:${process.env['PATH'] ?? ''}`;
  const child = spawn(program, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path, FORCE_COLOR: '0', NO_COLOR: '1' },
  });
  const chunks: string[] = [];
  const keep = (chunk: string): void => {
    chunks.push(chunk);
    if (echo) process.stdout.write(chunk);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
  if (child.pid !== undefined) running.add(child.pid);
  const timer = setTimeout(() => {
    keep(`\n${program}: killed: not done within ${limitMs / 1000} s\n`);
    if (child.pid !== undefined) killGroup(child.pid);
  }, limitMs);
  return new Promise((resolve) => {
    const end = (ok: boolean): void => {
      clearTimeout(timer);
      if (child.pid !== undefined) running.delete(child.pid);
      resolve({ ok, output: chunks.join(''), durationMs: performance.now() - startMs });
    };
    child.once('error', (error) => {
      keep(`${program}: ${error.message}\n`);
      end(false);
    });
    child.once('close', (code) => end(code === 0));
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    // ESRCH: the group has ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
