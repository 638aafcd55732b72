import { parseMountTable } from '#cri/mount-table.ts';
import type { MemoryMounts } from '#kubelet/volumes/volume.ts';
import type { Disk } from '#system/disk.ts';
import type { Log } from '#system/log.ts';
import type { Processes } from '#system/process.ts';

/** tmpfs mounts by mount(8) and umount(8). */
export function createMemoryMounts(options: { processes: Processes; disk: Disk; log: Log }): MemoryMounts {
  const { processes, disk, log } = options;
  const isMounted = async (folder: string): Promise<boolean> => {
    const table = parseMountTable(
      Buffer.from((await disk.read('/proc/self/mountinfo')) ?? []).toString('utf8'),
    );
    return table.some(({ mountPoint }) => mountPoint === folder);
  };
  return {
    async mount(folder, { sizeBytes, mode }) {
      if (await isMounted(folder)) return true;
      const size = sizeBytes > 0 ? `,size=${sizeBytes}` : '';
      const args = ['-t', 'tmpfs', '-o', `mode=${mode.toString(8)},nosuid,nodev${size}`, 'skerry', folder];
      const { code, stderr } = await processes.run('mount', args);
      if (code !== 0) log.info('a tmpfs could not be mounted', { folder, stderr: stderr.trim() });
      return code === 0;
    },
    async unmount(folder) {
      if (!(await isMounted(folder))) return;
      const { code, stderr } = await processes.run('umount', [folder]);
      if (code !== 0) throw new Error(`the tmpfs at "${folder}" could not be unmounted: ${stderr.trim()}`);
    },
  };
}

/** For a host that lets us mount nothing: what would be in memory is on the disk. */
export const noMemoryMounts: MemoryMounts = { mount: async () => false, unmount: async () => undefined };
