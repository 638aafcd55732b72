import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileSystemOf, isWithin, parseMountTable } from '#cri/mount-table.ts';

const TABLE = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:20 / /run rw,nosuid - tmpfs tmpfs rw,size=1g
40 22 0:45 / /data rw - overlay overlay rw,lowerdir=/a
41 40 254:1 / /data/with\\040blank rw master:2 - xfs /dev/vdb rw
42 22 0:46 / /data rw - btrfs /dev/vdc rw
`;

describe('the mount table', () => {
  it('is read with optional fields and escaped names', () => {
    assert.deepEqual(
      parseMountTable(TABLE).map(({ mountPoint, fileSystem }) => `${mountPoint} ${fileSystem}`),
      ['/ ext4', '/run tmpfs', '/data overlay', '/data/with blank xfs', '/data btrfs'],
    );
  });

  it('tells the file system of a path: the longest mount point, of two on one the later', () => {
    const mounts = parseMountTable(TABLE);
    assert.equal(fileSystemOf('/srv/skerry', mounts), 'ext4');
    assert.equal(fileSystemOf('/run', mounts), 'tmpfs');
    assert.equal(fileSystemOf('/runner', mounts), 'ext4');
    assert.equal(fileSystemOf('/data/x', mounts), 'btrfs');
    assert.equal(fileSystemOf('/data/with blank/y', mounts), 'xfs');
    assert.equal(fileSystemOf('/', []), undefined);
  });

  it('knows what lies within a folder', () => {
    assert.ok(isWithin('/a/b', '/a') && isWithin('/a', '/a') && isWithin('/a', '/'));
    assert.ok(!isWithin('/ab', '/a') && !isWithin('/', '/a'));
  });
});
