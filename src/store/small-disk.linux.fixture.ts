import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeFolder } from '#store/sqlite-bed.fixture.ts';

/** An ext4 file system in a file, which can lose its power as a machine does. */
export interface SmallDisk {
  /** Where it is mounted. */
  readonly folder: string;
  /** Everything that was not made durable is gone, and every access fails from now on (EXT4_IOC_SHUTDOWN, no flush). */
  cutPower(): void;
  /** The kernel finds something wrong with the disk: from now on it only reads (ext4, errors=remount-ro). */
  makeReadOnly(): void;
  /** Mounts what is left. */
  powerOn(): void;
}

/** Stops a process, and waits until it has stopped. */
export function freeze(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  while (!/^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) continue;
}

/** Runs `work` with a disk of its own. */
export async function onSmallDisk(sizeMib: number, work: (disk: SmallDisk) => Promise<void>): Promise<void> {
  const place = makeFolder();
  const folder = join(place, 'disk');
  let image = join(place, 'image-0');
  const file = openSync(image, 'w');
  ftruncateSync(file, sizeMib * 1024 * 1024);
  closeSync(file);
  mkdirSync(folder);
  execFileSync('mkfs.ext4', ['-q', image]);
  const mount = (): void => void execFileSync('mount', ['-o', 'loop,errors=remount-ro', image, folder]);
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
      makeReadOnly() {
        const device = execFileSync('findmnt', ['-no', 'SOURCE', folder], { encoding: 'utf8' }).trim();
        writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, 'a test says so');
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
