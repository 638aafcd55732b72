// The Node.js that this project brings along, whatever Node runs this file (18 and later).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** By its package, not by `.bin/node`: npm 9 makes no link where it leaves out another machine's package of that name. */
export const NODE = join(ROOT, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');

/** A process that a signal ended leaves this plus the signal's number, as shells have it. */
const SIGNAL_EXIT_BASE = 128;

/**
 * Goes on as the project's Node with these arguments, in this process's place; where the machine's Node cannot do that
 * (before 22.15), as a child whose signals and exit code are passed on.
 */
export function becomeNode(/** @type {string[]} */ args, /** @type {NodeJS.ProcessEnv} */ env = process.env) {
  if (!existsSync(NODE)) {
    console.error(`skerry: ${NODE} is missing: run "npm ci" in ${ROOT}`);
    process.exit(1);
  }
  if (typeof process.execve === 'function') process.execve(NODE, [NODE, ...args], env);
  const child = spawn(NODE, args, { stdio: 'inherit', env });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) =>
    process.exit(code ?? SIGNAL_EXIT_BASE + (signal === null ? 0 : constants.signals[signal])),
  );
}
