import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSubPath } from '#kubelet/volumes/sub-path.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

async function volume(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(new SimulatedClock());
  await disk.makeFolder('/v/real', { mode: 0o777 });
  await disk.setMode('/v', 0o2770);
  await disk.setGroup('/v', 9);
  await disk.write('/v/real/file', '');
  await disk.write('/etc/secret', '');
  const links = {
    inside: 'real',
    absolute: '/etc',
    climbing: '../../../etc',
    loop: 'loop',
    deep: 'inside/file',
    '..data': '..2026',
    'mode.conf': '..data/mode.conf',
  };
  await disk.write('/v/..2026/mode.conf', 'x');
  for (const [name, target] of Object.entries(links)) await disk.symlink(target, `/v/${name}`);
  return disk;
}

const TABLE: readonly [subPath: string, want: string][] = [
  ['real/file', '/v/real/file'],
  ['./real//file', '/v/real/file'],
  ['inside/file', '/v/real/file'],
  ['deep', '/v/real/file'],
  ['mode.conf', '/v/..2026/mode.conf'],
  ['absolute/secret', '/v/etc/secret'],
  ['climbing/secret', '/v/etc/secret'],
  ['new/folder', '/v/new/folder'],
];

for (const [subPath, want] of TABLE) {
  test(`subPath "${subPath}" stays inside the volume`, async () =>
    assert.equal(await resolveSubPath(await volume(), '/v', subPath), want));
}

test('a missing folder is made like the volume itself', async () => {
  const disk = await volume();
  const stat = await disk.stat(await resolveSubPath(disk, '/v', 'new'));
  assert.deepEqual([stat?.type, stat?.mode, stat?.group], ['directory', 0o2770, 9]);
});

test('what climbs or goes round in a circle is refused', async () => {
  const disk = await volume();
  for (const subPath of ['../x', 'a/../../x', '/etc', 'loop/x']) {
    await assert.rejects(
      resolveSubPath(disk, '/v', subPath),
      { reason: 'CreateContainerConfigError' },
      subPath,
    );
  }
});
