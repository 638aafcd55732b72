import { isWithin, parseMountTable } from '#cri/mount-table.ts';
import type { System } from '#system/system.ts';

/** Takes off every mount at or below `folder`, the last one made first: pods must have ended. */
export async function unmountBelow(
  folder: string,
  { disk, processes }: Pick<System, 'disk' | 'processes'>,
): Promise<void> {
  const table = Buffer.from((await disk.read('/proc/self/mountinfo')) ?? []).toString('utf8');
  for (const { mountPoint } of parseMountTable(table).toReversed()) {
    if (!isWithin(mountPoint, folder)) continue;
    const { code, stderr } = await processes.run('umount', [mountPoint]);
    if (code !== 0) throw new Error(`${mountPoint} cannot be unmounted: ${stderr.trim()}`);
  }
}
