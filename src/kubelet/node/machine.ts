import type { Disk } from '#system/disk.ts';

/** What a host is: given by the composition root, as it does not change while the agent runs. */
export interface Machine {
  /** What the host has: `cpu`, `memory`, `ephemeral-storage`, `pods`, as quantities. */
  readonly capacity: Readonly<Record<string, string>>;
  /** What of it pods may use; the rest is kept for the host itself. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** `amd64`, `arm64`. */
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
}

/** How full a host is. */
export interface MachineUsage {
  readonly memoryAvailableBytes: number;
  readonly diskTotalBytes: number;
  readonly diskFreeBytes: number;
  readonly processes: number;
  readonly processesMax: number;
}

/** Reads what /proc says (proc(5)), and the file system that holds `folder`. */
export async function readMachineUsage(disk: Disk, folder: string): Promise<MachineUsage> {
  const meminfo = await textOf(disk, '/proc/meminfo');
  const { totalBytes, freeBytes } = await disk.space(folder);
  return {
    memoryAvailableBytes: Number(/^MemAvailable:\s+(\d+) kB$/mu.exec(meminfo)?.[1] ?? Infinity) * 1024,
    diskTotalBytes: totalBytes,
    diskFreeBytes: freeBytes,
    processes: Number(/^\S+ \S+ \S+ \d+\/(\d+) /u.exec(await textOf(disk, '/proc/loadavg'))?.[1] ?? 0),
    processesMax: Number((await textOf(disk, '/proc/sys/kernel/pid_max')).trim() || Infinity),
  };
}

async function textOf(disk: Disk, path: string): Promise<string> {
  return Buffer.from((await disk.read(path)) ?? []).toString('utf8');
}
