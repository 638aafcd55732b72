#!/usr/bin/env node
// Starts Skerry on the Node.js that it brings along (node_modules/.bin/node), whatever Node runs this file.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, 'node_modules', '.bin', 'node');
if (!existsSync(node)) {
  console.error(`skerry: ${node} is missing: run "npm ci" in ${root}`);
  process.exit(1);
}
// A hub has the memory to collect garbage less often; all else is to stay small.
const youngGenerationMib = process.argv[2] === 'hub' ? 16 : 1;
const args = [
  `--max-semi-space-size=${youngGenerationMib}`,
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
  join(root, 'src', 'main.ts'),
  ...process.argv.slice(2),
];
// Compiled code is kept: it halves the time to start, and spares each process some 35 MB.
process.env.NODE_COMPILE_CACHE ??= join(root, '.cache', 'compiled');
// Replacing this process saves a second one; Node before 22.15 cannot.
if (typeof process.execve === 'function') process.execve(node, [node, ...args], process.env);
const child = spawn(node, args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? ''] ?? 0)));
