import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Disk, errorCode } from '#system/disk.ts';
import { realDisk } from '#system/real-disk.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const text = async (disk: Disk, path: string): Promise<string | undefined> => {
  const bytes = await disk.read(path);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
};

/** What every disk does. */
const CONTRACT: Record<string, (disk: Disk, root: string) => Promise<void>> = {
  'a file is written whole, read whole and in parts, and replaced': async (disk, root) => {
    const path = `${root}/a/b/file`;
    await disk.write(path, 'hello', { mode: 0o640 });
    assert.equal(await text(disk, path), 'hello');
    assert.equal(Buffer.from((await disk.readRange(path, 1, 3)) ?? []).toString(), 'ell');
    assert.equal((await disk.readRange(path, 4, 9))?.length, 1);
    assert.equal((await disk.readRange(path, 9, 9))?.length, 0);
    const stat = await disk.stat(path);
    assert.deepEqual([stat?.type, stat?.sizeBytes, stat?.mode], ['file', 5, 0o640]);
    await disk.write(path, 'new');
    assert.equal(await text(disk, path), 'new');
    assert.deepEqual(await disk.list(`${root}/a/b`), ['file']);
  },
  'what is not there is undefined, empty or nothing to remove': async (disk, root) => {
    assert.equal(await disk.read(`${root}/none`), undefined);
    assert.equal(await disk.readRange(`${root}/none`, 0, 1), undefined);
    assert.equal(await disk.stat(`${root}/none`), undefined);
    assert.equal(await disk.readLink(`${root}/none`), undefined);
    assert.deepEqual(await disk.list(`${root}/none`), []);
    await disk.remove(`${root}/none`);
    await assert.rejects(disk.rename(`${root}/none`, `${root}/b`), (error) => errorCode(error) === 'ENOENT');
  },
  'a file grows': async (disk, root) => {
    await disk.append(`${root}/deep/log`, 'a');
    await disk.append(`${root}/deep/log`, Buffer.from('b'));
    assert.equal(await text(disk, `${root}/deep/log`), 'ab');
  },
  'folders are made, listed in order, moved and removed with all they hold': async (disk, root) => {
    await disk.makeFolder(`${root}/x/y`);
    await disk.makeFolder(`${root}/x/y`);
    for (const name of ['b', 'a', 'c']) await disk.write(`${root}/x/y/${name}`, name);
    assert.deepEqual(await disk.list(`${root}/x/y`), ['a', 'b', 'c']);
    await disk.rename(`${root}/x`, `${root}/z`);
    assert.equal(await text(disk, `${root}/z/y/a`), 'a');
    assert.deepEqual(await disk.list(root), ['z']);
    await disk.remove(`${root}/z`);
    assert.deepEqual(await disk.list(root), []);
    await assert.rejects(disk.read(root), (error) => errorCode(error) === 'EISDIR');
  },
  'symlinks are followed on the way, replaced as a whole, and never removed through': async (disk, root) => {
    await disk.write(`${root}/one/file`, '1');
    await disk.write(`${root}/two/file`, '2');
    await disk.symlink('one', `${root}/now`);
    assert.equal(await text(disk, `${root}/now/file`), '1');
    await disk.symlink('two', `${root}/now`);
    assert.equal(await text(disk, `${root}/now/file`), '2');
    assert.equal(await disk.readLink(`${root}/now`), 'two');
    assert.equal((await disk.stat(`${root}/now`))?.type, 'symlink');
    assert.equal((await disk.stat(`${root}/now/file`))?.type, 'file');
    await disk.remove(`${root}/now`);
    assert.equal(await text(disk, `${root}/two/file`), '2');
    await disk.symlink('nowhere', `${root}/dangling`);
    assert.equal(await disk.read(`${root}/dangling`), undefined);
  },
  'modes are set exactly, and groups': async (disk, root) => {
    await disk.makeFolder(`${root}/open`);
    await disk.setMode(`${root}/open`, 0o2777);
    assert.equal((await disk.stat(`${root}/open`))?.mode, 0o2777);
    const group = (await disk.stat(`${root}/open`))?.group ?? -1;
    await disk.setGroup(`${root}/open`, group);
    assert.equal((await disk.stat(`${root}/open`))?.group, group);
  },
  'a disk has room': async (disk, root) => {
    const { totalBytes, freeBytes } = await disk.space(root);
    assert.ok(totalBytes > 0 && freeBytes > 0 && freeBytes <= totalBytes);
  },
};

for (const [promise, check] of Object.entries(CONTRACT)) {
  test(`the real disk: ${promise}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'disk-'));
    try {
      await check(realDisk, folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
  test(`the simulated disk: ${promise}`, async () => {
    const disk = new SimulatedDisk(new SimulatedClock());
    await disk.makeFolder('/root');
    await check(disk, '/root');
  });
}

test('a simulated disk keeps over a crash what was written, but not what was in memory', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  await disk.write('/data/kept', 'x');
  await disk.write('/memory/lost', 'x');
  const after = disk.crash({ volatile: ['/memory'] });
  assert.equal(await text(after, '/data/kept'), 'x');
  assert.equal(await after.read('/memory/lost'), undefined);
  assert.equal((await after.stat('/memory'))?.type, 'directory');
  await disk.write('/data/kept', 'a ghost');
  assert.equal(await text(after, '/data/kept'), 'x');
});

test('a simulated disk fails as it is told to', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  disk.fail({ operation: 'write', prefix: '/data', code: 'ENOSPC' });
  await assert.rejects(disk.write('/data/x', ''), (error) => errorCode(error) === 'ENOSPC');
  await disk.write('/other', '');
  assert.equal(await disk.read('/data/x'), undefined);
  disk.heal();
  await disk.write('/data/x', '');
});
