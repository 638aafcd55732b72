import * as os from 'node:os';
import type { Machine } from '#kubelet/node/machine.ts';
import type { Disk } from '#system/disk.ts';

/** The most pods on one host: Kubernetes' default. */
const PODS_MAX = 110;

/** What is kept for the host itself, out of its memory: pods are not scheduled into it, in bytes. */
const RESERVED_MEMORY_BYTES = 256 * 1024 * 1024;

/** What this host is, from /proc, /etc and the file system that holds `folder`. */
export async function readMachine(disk: Disk, folder: string): Promise<Machine> {
  const text = async (path: string): Promise<string> => Buffer.from((await disk.read(path)) ?? []).toString('utf8').trim();
  const [osRelease, machineId, systemUuid, bootId, space] = await Promise.all([
    text('/etc/os-release'),
    text('/etc/machine-id'),
    text('/sys/class/dmi/id/product_uuid'),
    text('/proc/sys/kernel/random/boot_id'),
    disk.space(folder),
  ]);
  const memory = os.totalmem();
  const capacity = {
    cpu: String(os.availableParallelism()),
    memory: `${Math.floor(memory / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(space.totalBytes / 1024)}Ki`,
    pods: String(PODS_MAX),
  };
  return {
    capacity,
    allocatable: { ...capacity, memory: `${Math.floor(Math.max(memory / 2, memory - RESERVED_MEMORY_BYTES) / 1024)}Ki` },
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    kernelVersion: os.release(),
    osImage: /^PRETTY_NAME="?(?<name>[^"\n]*)"?$/mu.exec(osRelease)?.groups?.name ?? 'Linux',
    machineId,
    systemUuid,
    bootId,
  };
}

/** The host's first IPv4 address that is neither loopback nor of a pod network; loopback where it has no other. */
export function hostAddress(): string {
  const addresses = Object.values(os.networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  const outward = addresses.find(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('10.60.'));
  return outward?.address ?? '127.0.0.1';
}
