import type { Machine } from '#kubelet/node/machine.ts';
import { blockOf, contains, parseIpv4 } from '#network/ipv4.ts';
import type { Disk } from '#system/disk.ts';
import type { HostFacts } from '#system/real-host.ts';

/** The most pods on one host: Kubernetes' default. */
const PODS_MAX = 110;

/** What is kept for the host itself, out of its memory: pods are not scheduled into it, in bytes. */
const RESERVED_MEMORY_BYTES = 256 * 1024 * 1024;

/** What this host is: what the operating system says, /proc, /etc, and the file system that holds `folder`. */
export async function readMachine(
  disk: Disk,
  { folder, host }: { folder: string; host: HostFacts },
): Promise<Machine> {
  const text = async (path: string): Promise<string> =>
    Buffer.from((await disk.read(path)) ?? [])
      .toString('utf8')
      .trim();
  const [osRelease, machineId, systemUuid, bootId, space] = await Promise.all([
    text('/etc/os-release'),
    text('/etc/machine-id'),
    text('/sys/class/dmi/id/product_uuid'),
    text('/proc/sys/kernel/random/boot_id'),
    disk.space(folder),
  ]);
  const { memoryBytes } = host;
  const capacity = {
    cpu: String(host.processors),
    memory: kibibytes(memoryBytes),
    'ephemeral-storage': kibibytes(space.totalBytes),
    pods: String(PODS_MAX),
  };
  return {
    capacity,
    allocatable: {
      ...capacity,
      memory: kibibytes(Math.max(memoryBytes / 2, memoryBytes - RESERVED_MEMORY_BYTES)),
    },
    architecture: host.architecture,
    kernelVersion: host.kernelVersion,
    osImage: /^PRETTY_NAME="?(?<name>[^"\n]*)"?$/mu.exec(osRelease)?.groups?.name ?? 'Linux',
    machineId,
    systemUuid,
    bootId,
  };
}

function kibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}

/** The host's first address that is of no site's pod network; loopback where it has no other. */
export function hostAddress({ addresses }: HostFacts, podPoolCidr: string): string {
  const pool = blockOf(podPoolCidr);
  const outward = addresses.find((address) => {
    const value = parseIpv4(address);
    return value !== undefined && !contains(pool, value);
  });
  return outward ?? '127.0.0.1';
}
