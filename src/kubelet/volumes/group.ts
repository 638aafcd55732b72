import type { Disk } from '#system/disk.ts';

/** Files and folders of one volume that are given to a group; a volume with more is left half done, with an error. */
const ENTRIES_MAX = 1_000_000;

/**
 * Gives a folder and all below it to a group that may read and write it; what is made in it later belongs to the group too
 * (`securityContext.fsGroup`). With `unlessRootMatches`, nothing is done where the folder itself is the group's already.
 */
export async function giveToGroup(
  disk: Disk,
  root: string,
  options: { group: number; unlessRootMatches: boolean },
): Promise<void> {
  const top = await disk.stat(root);
  if (options.unlessRootMatches && top?.group === options.group && (top.mode & 0o2070) === 0o2070) return;
  const waiting = [root];
  for (let count = 0; waiting.length > 0; count++) {
    if (count >= ENTRIES_MAX)
      throw new Error(
        `the volume at "${root}" has more than ${ENTRIES_MAX} entries to give to group ${options.group}`,
      );
    const path = waiting.pop() ?? root;
    const stat = await disk.stat(path);
    if (stat === undefined) continue;
    await disk.setGroup(path, options.group);
    if (stat.type === 'symlink') continue;
    await disk.setMode(path, stat.mode | (stat.type === 'directory' ? 0o2070 : 0o060));
    if (stat.type === 'directory') waiting.push(...(await disk.list(path)).map((name) => `${path}/${name}`));
  }
}
