import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../bench/hub-process.ts';

const SKERRY = fileURLToPath(new URL('../bin/skerry.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'skerry-foreground-'));
const data = join(folder, 'data');

after(() => rmSync(folder, { recursive: true, force: true }));

async function exitOf(args: readonly string[]): Promise<number | null> {
  const [code] = (await once(spawn(process.execPath, [SKERRY, ...args], { stdio: 'ignore' }), 'exit')) as [
    number | null,
  ];
  return code;
}

test('in the foreground everything runs until Ctrl-C, which stops the sites and then the hub', async () => {
  const args = [
    'up',
    '--data',
    data,
    '--port',
    String(await freePort()),
    '--sites',
    'one',
    '--runtime',
    'simulated',
  ];
  const child = spawn(process.execPath, [SKERRY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'Everything runs until you press Ctrl-C.') break;
  }
  child.stdout.resume();
  // A process that nothing keeps would end by itself in the next turns of its event loop.
  const stillThere = await Promise.race([
    exited.then(() => false),
    exitOf(['status', '--data', data]).then((code) => code === 0),
  ]);
  assert.ok(stillThere, `it ended by itself: ${said.join('\n')}`);
  child.kill('SIGINT');
  assert.deepEqual(await exited, [0, null]);
  assert.deepEqual(said.slice(-2), ['Site one is stopped', 'The hub is stopped']);
  assert.equal(await exitOf(['down', '--purge', '--data', data]), 0);
  assert.equal(existsSync(data), false);
});
