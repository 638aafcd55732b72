import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimDataFolder, DATA_FORMAT, DataFolderError, readPid } from '#system/data-folder.ts';
import type { Processes } from '#system/process.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

function bed(alive: readonly number[] = []) {
  const disk = new SimulatedDisk(new SimulatedClock());
  const asked: (string | undefined)[] = [];
  const processes = {
    isAlive: async (pid: number, commandContains?: string) => {
      asked.push(commandContains);
      return alive.includes(pid);
    },
  } as unknown as Processes;
  const claim = (pid: number, role = 'hub') => claimDataFolder('/data', { disk, processes, pid, role });
  return { disk, claim, asked };
}

test('a new folder is marked with the format, and held until it is released', async () => {
  const { disk, claim } = bed();
  const release = await claim(7);
  assert.equal(
    Buffer.from((await disk.read('/data/format.json')) ?? []).toString(),
    `{"format":${DATA_FORMAT}}\n`,
  );
  assert.equal(await readPid('/data/hub.pid', disk), 7);
  await release();
  assert.equal(await readPid('/data/hub.pid', disk), undefined);
  await claim(8);
});

test('a folder in use is refused; one whose holder has died is taken over', async () => {
  const living = bed([7]);
  await living.claim(7);
  await assert.rejects(
    living.claim(8),
    (error: Error) => error instanceof DataFolderError && /\/data is in use by process 7/.test(error.message),
  );
  assert.deepEqual(living.asked, ['src/main.ts'], 'a process id may have gone to somebody else');
  await living.claim(7);
  await living.claim(8, 'site');
  const dead = bed();
  await dead.claim(7);
  await dead.claim(8);
  assert.equal(await readPid('/data/hub.pid', dead.disk), 8);
});

test('a folder of a newer version, or of something else, is left alone', async () => {
  for (const [content, expected] of [
    [`{"format":${DATA_FORMAT + 1}}`, /was written by a newer version of Skerry/],
    ['{"format":"x"}', /is damaged/],
    ['garbage', /is damaged/],
    ['', /is damaged/],
    ['null', /is damaged/],
  ] as const) {
    const { disk, claim } = bed();
    await disk.write('/data/format.json', content);
    await assert.rejects(
      claim(7),
      (error: Error) => error instanceof DataFolderError && expected.test(error.message),
      content,
    );
    assert.equal(await readPid('/data/hub.pid', disk), undefined);
  }
});

test('what is no process id is none', async () => {
  const { disk } = bed();
  for (const [text, pid] of [
    ['12\n', 12],
    ['', undefined],
    ['x', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['0', undefined],
  ] as const) {
    await disk.write('/pid', text);
    assert.equal(await readPid('/pid', disk), pid, text);
  }
  assert.equal(await readPid('/none', disk), undefined);
});
