import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OUTPUT_BYTES_MAX } from '#system/process.ts';
import { realProcesses } from '#system/real-process.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skerry-process-'));
});
after(() => rm(folder, { recursive: true }));

/** A script for the very Node that runs this test. */
function node(script: string): [string, string[]] {
  return [process.execPath, ['-e', script]];
}

test('a command is run to its end, with its input, output, environment and code', async () => {
  const [command, args] = node(
    'process.stdin.on("data", (d) => process.stdout.write(process.env.GREETING + d)).on("end", () => { console.error("done"); process.exitCode = 3; })',
  );
  const result = await realProcesses.run(command, args, { stdin: 'world', env: { GREETING: 'hello ' } });
  assert.deepEqual(result, { code: 3, signal: null, stdout: 'hello world', stderr: 'done\n' });
});

test('a command that leaves its input unread ends as it likes', async () => {
  const { code } = await realProcesses.run(...node('process.exit(0)'), { stdin: 'x'.repeat(1_000_000) });
  assert.equal(code, 0);
});

test('output beyond the limit is dropped', async () => {
  const { stdout } = await realProcesses.run(
    ...node(`process.stdout.write("x".repeat(${OUTPUT_BYTES_MAX + 100_000}))`),
  );
  assert.equal(stdout.length, OUTPUT_BYTES_MAX);
});

test('a command that is not there, or is aborted, rejects', async () => {
  await assert.rejects(realProcesses.run('/no/such/command', []), { code: 'ENOENT' });
  const abort = new AbortController();
  const running = realProcesses.run(...node('setInterval(() => {}, 1000)'), { signal: abort.signal });
  abort.abort();
  await assert.rejects(running, { name: 'AbortError' });
});

test('a process that is started writes its log, is known by its command line, and ends when it is told to', async () => {
  const logPath = join(folder, 'deep', 'child.log');
  const [command, args] = node(
    'process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("up")',
  );
  const child = await realProcesses.start(command, args, { logPath });
  let log = '';
  while (!log.includes('up')) log = await readFile(logPath, 'utf8');
  assert.equal(await realProcesses.isAlive(child.pid), true);
  assert.equal(await realProcesses.isAlive(child.pid, 'setInterval'), true);
  assert.equal(await realProcesses.isAlive(child.pid, 'somebody else'), false);
  child.kill('SIGTERM');
  assert.deepEqual(await child.ended, { code: 5, signal: null });
  assert.equal(await realProcesses.isAlive(child.pid), false);
  assert.equal(realProcesses.signal(child.pid, 'SIGTERM'), false);
  await assert.rejects(realProcesses.start('/no/such/command', [], { logPath }), { code: 'ENOENT' });
});
