import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { committed, put, text } from '#store/conformance-words.ts';
import { makeFolder, withStore } from '#store/sqlite-bed.fixture.ts';
import { checkSurvival, WRITERS, writeAndKill } from '#store/sqlite-survival.fixture.ts';
import { StoreUnavailableError } from '#store/store.ts';

/** How often the power is cut. */
const POWER_CUTS = 12;

/** An ext4 file system in a file, which can lose its power as a machine does. */
interface SmallDisk {
  /** Where it is mounted. */
  readonly folder: string;
  /** Everything that was not made durable is gone, and every access fails from now on (EXT4_IOC_SHUTDOWN, no flush). */
  cutPower(): void;
  /** Mounts what is left. */
  powerOn(): void;
}

test('a power cut loses no acknowledged commit, and leaves none half-written', async () => {
  await onSmallDisk(128, async (disk) => {
    const path = join(disk.folder, 'store.db');
    for (let cut = 0; cut < POWER_CUTS; cut++) {
      const acknowledged = await writeAndKill(path, {
        commits: 10 + (cut % 5) * 370 + cut,
        after(pid) {
          // A machine without power acknowledges nothing, so the process stands still before the disk goes.
          freeze(pid);
          disk.cutPower();
          return 'kill';
        },
      });
      disk.powerOn();
      await withStore(path, (store) => checkSurvival(store, acknowledged));
    }
  });
});

test('where the disk fails under a running store, commits are refused, and what was there is there after a restart', async () => {
  await onSmallDisk(128, async (disk) => {
    const path = join(disk.folder, 'store.db');
    const first = await writeAndKill(path, { commits: 100 });
    const second = await writeAndKill(path, {
      commits: 100,
      after() {
        disk.cutPower();
        return 'wait until refused';
      },
    });
    assert.equal(second.refused, WRITERS);
    disk.powerOn();
    await withStore(path, (store) => checkSurvival(store, first));
  });
});

test('on a full disk commits are refused and reads go on; with space again, commits go through', async () => {
  await onSmallDisk(32, async (disk) => {
    await withStore(join(disk.folder, 'store.db'), async (store) => {
      await committed(store, put('/kept', '1'));
      const ballast = join(disk.folder, 'ballast');
      const { bavail, bsize } = statfsSync(disk.folder);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - 4 * 1024 * 1024));
      const value = Buffer.alloc(500_000, 'x');
      let stored = 0;
      const refused = await (async () => {
        for (; ; stored++) await store.commit([{ type: 'put', key: `/large/${stored}`, value }]);
      })().catch((error: unknown) => error);
      assert.ok(refused instanceof StoreUnavailableError, String(refused));
      assert.match(String(refused.cause), /full/);
      assert.ok(stored > 0);
      assert.equal(text((await store.get('/kept'))?.value), '1');
      assert.equal(await store.count('/large/'), stored);
      rmSync(ballast);
      await committed(store, { type: 'put', key: '/large/last', value });
      assert.equal(await store.count('/large/'), stored + 1);
    });
  });
});

/** Stops a process, and waits until it has stopped. */
function freeze(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  while (!/^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) continue;
}

async function onSmallDisk(sizeMib: number, work: (disk: SmallDisk) => Promise<void>): Promise<void> {
  const place = makeFolder();
  const folder = join(place, 'disk');
  let image = join(place, 'image-0');
  const file = openSync(image, 'w');
  ftruncateSync(file, sizeMib * 1024 * 1024);
  closeSync(file);
  mkdirSync(folder);
  execFileSync('mkfs.ext4', ['-q', image]);
  const mount = (): void => void execFileSync('mount', ['-o', 'loop', image, folder]);
  const unmount = (): void => void execFileSync('umount', [folder]);
  mount();
  try {
    await work({
      folder,
      cutPower() {
        const shutDown =
          'open(my $f, "<", $ARGV[0]) or die; my $how = pack("L", 2); ioctl($f, 0x8004587D, $how) or die $!';
        execFileSync('perl', ['-e', shutDown, folder]);
      },
      powerOn() {
        unmount();
        // A copy, because a container that was started meanwhile may hold on to the file system that was shut down.
        const next = join(place, `image-${Number(image.split('-').at(-1)) + 1}`);
        execFileSync('cp', ['--sparse=always', image, next]);
        rmSync(image);
        image = next;
        mount();
      },
    });
  } finally {
    unmount();
    rmSync(place, { recursive: true, force: true });
  }
}
