import { type ChildProcess as NodeChild, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ChildProcess, type CommandResult, OUTPUT_BYTES_MAX, type Processes } from '#system/process.ts';

/** The machine's own processes. */
export const realProcesses: Processes = { run, start, isAlive, signal };

function run(
  command: string,
  args: readonly string[],
  options: { stdin?: string | Uint8Array; signal?: AbortSignal; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' as const }),
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout: stdout(), stderr: stderr() }));
    // A command that ends without reading its input breaks the pipe: its exit code says what matters.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin);
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let total = 0;
  stream.on('data', (chunk: Buffer) => {
    if (total < OUTPUT_BYTES_MAX) chunks.push(chunk);
    total += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, OUTPUT_BYTES_MAX).toString('utf8');
}

async function start(
  command: string,
  args: readonly string[],
  options: { logPath: string; env?: Record<string, string> },
): Promise<ChildProcess> {
  mkdirSync(dirname(options.logPath), { recursive: true, mode: 0o700 });
  const output = openSync(options.logPath, 'a', 0o600);
  try {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...options.env },
    });
    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    const pid = await started(child);
    child.unref();
    return { pid, ended, kill: (name) => void signal(pid, name) };
  } finally {
    closeSync(output);
  }
}

function started(child: NodeChild): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? -1));
  });
}

/** A zombie has ended: only its parent has not yet looked. */
async function isAlive(pid: number, commandContains?: string): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    if (/^\d+ \(.*\) [ZX]/su.test(stat)) return false;
    if (commandContains === undefined) return true;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return command.replaceAll('\0', ' ').includes(commandContains);
  } catch {
    // No such process, or it ended while we looked.
    return false;
  }
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    // ESRCH: it has ended. EPERM cannot be: we signal only what we started.
    return false;
  }
}
