import type { ContainerdBinaries } from '#cri/containerd-binaries.ts';
import type { ContainerdFacts } from '#cri/containerd-config.ts';
import { fileSystemOf, parseMountTable } from '#cri/mount-table.ts';
import type { Disk } from '#system/disk.ts';

/** The bit of CAP_SYS_RESOURCE (capabilities(7)). */
const CAP_SYS_RESOURCE = 24;

/** Looks at what this host lets a containerd do. */
export async function readContainerdFacts(
  disk: Disk,
  given: { binaries: ContainerdBinaries; dataFolder: string },
): Promise<ContainerdFacts> {
  const text = async (path: string): Promise<string> =>
    Buffer.from((await disk.read(path)) ?? []).toString('utf8');
  const mounts = parseMountTable(await text('/proc/self/mountinfo'));
  // An overlay cannot lie on an overlay: a site that runs in a container copies layers instead.
  const snapshotter = fileSystemOf(given.dataFolder, mounts) === 'overlay' ? 'native' : 'overlayfs';
  const mayLowerOomScore = hasCapability(await text('/proc/self/status'), CAP_SYS_RESOURCE);
  return { binaries: given.binaries, snapshotter, mayLowerOomScore };
}

/** Whether a process may do what a capability allows, from its `/proc/<pid>/status` (proc(5)). */
export function hasCapability(status: string, bit: number): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/mu.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n;
}

/** The last line of a containerd log that tells of an error, or its last line. */
export function lastErrorOf(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const line =
    lines.findLast((candidate) => /level=(?:error|fatal)|^containerd: /u.test(candidate)) ?? lines.at(-1);
  return line ?? 'it wrote no log';
}
