import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { output, run } from './command.ts';
import { eventually } from './eventually.ts';
import { containerPidsIn, networkNamespacesIn, processesNaming, runFolderOf, tracesOf } from './residue.ts';

/**
 * Does to a site what pulling the plug does: all its processes end at once, and whatever a reboot forgets is gone: the run
 * folder, mounts, network namespaces, the bridge, the rules. Its data folder stays.
 */
export async function losePower(siteFolder: string): Promise<void> {
  const runFolder = runFolderOf(siteFolder);
  const namespaces = networkNamespacesIn(runFolder);
  const { bridges, tables } = tracesOf(siteFolder.replace(/\/sites\/[^/]+$/u, ''));
  const containers = containerPidsIn(runFolder);
  const pids = (): number[] => [
    ...processesNaming([siteFolder, runFolder]).map(({ pid }) => pid),
    ...containers.filter(
      (pid) => existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`).length > 0,
    ),
  ];
  await eventually(
    'all its processes end',
    () => {
      const left = pids();
      for (const pid of left) kill(pid);
      return left.length;
    },
    (count) => count === 0,
    10_000,
  );
  for (const mount of mountsBelow([runFolder, siteFolder, ...namespaces]).toReversed()) {
    await run('umount', ['--lazy', mount]);
  }
  for (const path of [runFolder, ...namespaces]) await rm(path, { recursive: true, force: true });
  for (const bridge of bridges) await output('ip', ['link', 'delete', bridge]);
  for (const table of tables) await output('nft', ['delete', 'table', 'inet', table]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function mountsBelow(folders: readonly string[]): string[] {
  const table = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const points = table.map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) =>
    folders.some((folder) => point === folder || point.startsWith(`${folder}/`)),
  );
}
