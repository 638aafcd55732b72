import { findContainerdBinaries, MissingProgramsError } from '#cri/containerd-binaries.ts';
import type { ContainerdLayout } from '#cri/containerd-config.ts';
import { type ContainerdOptions, ContainerdService, type ContainerdSystem } from '#cri/containerd-service.ts';
import { isWithin, parseMountTable } from '#cri/mount-table.ts';
import type { Runtime } from '#cri/runtime.ts';

/** Pods that are taken down side by side. */
const PODS_AT_ONCE = 8;

/**
 * Removes everything that a site's containerd has on this host: its pods with their networks, itself, its shims, its
 * mounts and its folders. It is started once more where it does not run, for only it can undo a pod's network; what it
 * cannot undo is undone without it. A purge that was interrupted is done again by another.
 */
export async function purgeContainerd(options: ContainerdOptions): Promise<void> {
  const { system, layout } = options;
  const folders = await Promise.all(
    [layout.dataFolder, layout.runFolder].map((path) => system.disk.stat(path)),
  );
  if (folders.every((folder) => folder === undefined)) return;
  try {
    const service = await ContainerdService.start(options);
    try {
      await removePods(service.runtime, system);
    } finally {
      await service.stop();
    }
  } catch (error) {
    system.log.warn('the pods could not be removed by containerd; removing them without it', { error });
  }
  await removeBundles(options);
  await killShims(system, layout);
  await unmount(
    system,
    (mountPoint) => isWithin(mountPoint, layout.dataFolder) || isWithin(mountPoint, layout.runFolder),
  );
  await system.disk.remove(layout.runFolder);
  await system.disk.remove(layout.dataFolder);
}

async function removePods(runtime: Runtime, system: ContainerdSystem): Promise<void> {
  const left = await runtime.listSandboxes();
  const work = async (): Promise<void> => {
    for (let sandbox = left.pop(); sandbox !== undefined; sandbox = left.pop()) {
      try {
        await runtime.removeSandbox(sandbox.id);
      } catch (error) {
        system.log.warn('a pod could not be removed', { ...sandbox.pod, error });
      }
    }
  };
  await Promise.all(Array.from({ length: PODS_AT_ONCE }, work));
}

/** What is left of tasks: their processes and cgroups, network namespaces and the sockets of their shims. */
async function removeBundles(options: ContainerdOptions): Promise<void> {
  const { system, layout } = options;
  const { disk, processes } = system;
  const runc = await runcProgram(options);
  const bundles = `${layout.stateFolder}/io.containerd.runtime.v2.task/k8s.io`;
  for (const id of await disk.list(bundles)) {
    if (runc !== undefined)
      await processes.run(runc, ['--root', `${layout.runcFolder}/k8s.io`, 'delete', '--force', id]);
    const network = networkNamespaceOf(await text(`${bundles}/${id}/config.json`));
    if (network !== undefined) {
      await unmount(system, (mountPoint) => mountPoint === network);
      await disk.remove(network);
    }
    const socket = /^unix:\/\/(\/\S+)$/mu.exec(await text(`${bundles}/${id}/address`))?.[1];
    if (socket !== undefined) await disk.remove(socket);
  }

  async function text(path: string): Promise<string> {
    return Buffer.from((await disk.read(path)) ?? []).toString('utf8');
  }
}

async function runcProgram(options: ContainerdOptions): Promise<string | undefined> {
  try {
    return (await findContainerdBinaries(options.system.disk, options.searchPath)).runc;
  } catch (error) {
    if (error instanceof MissingProgramsError) return undefined;
    throw error;
  }
}

/** The file that keeps a pod's network namespace, from its runtime specification; undefined for the host's network. */
export function networkNamespaceOf(specification: string): string | undefined {
  // Where the CRI plugin keeps those it made: never another's.
  return /"type":\s*"network",\s*"path":\s*"(?:\/var)?(\/run\/netns\/cni-[^"/]+)"/u.exec(specification)?.[1];
}

async function killShims(system: ContainerdSystem, layout: ContainerdLayout): Promise<void> {
  const { disk, processes } = system;
  const pids = (await disk.list('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
  for (const pid of pids) {
    if (await processes.isAlive(pid, `-address ${layout.socketPath}`)) processes.signal(pid, 'SIGKILL');
  }
}

/** Unmounts lazily, the latest first: what lies on top goes before what lies below. */
async function unmount(system: ContainerdSystem, matches: (mountPoint: string) => boolean): Promise<void> {
  const table = Buffer.from((await system.disk.read('/proc/self/mountinfo')) ?? []).toString('utf8');
  for (const { mountPoint } of parseMountTable(table).toReversed()) {
    if (!matches(mountPoint)) continue;
    const result = await system.processes.run('umount', ['--lazy', mountPoint]);
    if (result.code !== 0) system.log.warn('a mount is left', { mountPoint, error: result.stderr.trim() });
  }
}
