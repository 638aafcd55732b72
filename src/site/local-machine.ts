import { fileURLToPath } from 'node:url';
import { logPathOf, type Machine, type RuntimeKind } from '#cli/machine.ts';
import { findContainerdBinaries } from '#cri/containerd-binaries.ts';
import { containerdLayout } from '#cri/containerd-config.ts';
import { purgeContainerd } from '#cri/containerd-purge.ts';
import { ContainerdService } from '#cri/containerd-service.ts';
import { purgePodNetwork } from '#network/pod-network.ts';
import { hasJoined, joinAsSite } from '#site/join-site.ts';
import { containerdFolder, kubeletFolder, podNetworkFolders } from '#site/site-folders.ts';
import { networkOf, readSettings } from '#site/site-settings.ts';
import { unmountBelow } from '#site/unmount.ts';
import type { ChildProcess } from '#system/process.ts';
import type { System } from '#system/system.ts';

const COMMON_FLAGS = [
  `--import=${fileURLToPath(new URL('../../bin/own-modules.mjs', import.meta.url))}`,
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
];

/**
 * Flags of Node by role; `bin/skerry.mjs` has them, too. No signal opens a debugger. A site is to stay small: a young
 * generation of 1 MiB halves its memory under load. A hub has the memory to collect less often, and collects in one thread:
 * several would spend a fifth more of the processor on the same garbage.
 */
export const NODE_FLAGS = {
  hub: ['--max-semi-space-size=32', '--no-parallel-scavenge', ...COMMON_FLAGS],
  site: ['--max-semi-space-size=1', ...COMMON_FLAGS],
} as const;

/** This program, as further processes of it are started. */
export interface Program {
  /** The Node.js that runs it. */
  readonly nodePath: string;
  readonly mainPath: string;
  /** `PATH` of this process. */
  readonly searchPath: string;
  readonly isRoot: boolean;
}

/** This machine, as `skerry up` and `down` use it: hubs and sites are further processes of the same program. */
export function localMachine(system: System, program: Program): Machine {
  const context = { system, ...program };
  const start = (role: 'hub' | 'site', folder: string, args: readonly string[]): Promise<ChildProcess> => {
    const command = [...NODE_FLAGS[role], program.mainPath, role, '--data', folder, ...args];
    return system.processes.start(program.nodePath, command, { logPath: logPathOf(folder, role) });
  };
  return {
    startHub: ({ folder, host, port }) => start('hub', folder, ['--listen', `${host}:${port}`]),
    startSite: ({ folder, runtime, imageFolder }) =>
      start('site', folder, ['--runtime', runtime, '--images', imageFolder]),
    async joinSite({ folder, name, token, takenFolders }) {
      if (!(await hasJoined(system, folder)))
        await joinAsSite(system, { token: await token(), name, folder, takenFolders });
    },
    stopSite: (folder) => stopPods(folder, context),
    purgeSite: (folder) => purge(folder, context),
    preflight: (runtime) => preflight(runtime, context),
  };
}

interface MachineContext extends Program {
  readonly system: System;
}

async function preflight(
  runtime: RuntimeKind,
  { system, searchPath, isRoot }: MachineContext,
): Promise<string | undefined> {
  if (runtime === 'simulated') return undefined;
  if (!isRoot) {
    return 'containers need root: run this with sudo, or with "--runtime simulated", which starts no containers';
  }
  try {
    await findContainerdBinaries(system.disk, searchPath);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether a site of this folder ever ran real containers. */
async function hasContainerd(folder: string, { disk }: System): Promise<boolean> {
  return (await disk.stat(containerdFolder(folder))) !== undefined;
}

async function stopPods(folder: string, { system, searchPath }: MachineContext): Promise<void> {
  if (!(await hasContainerd(folder, system))) return;
  const service = await ContainerdService.start({
    system,
    layout: containerdLayout({ dataFolder: containerdFolder(folder) }),
    searchPath,
  });
  const sandboxes = await service.runtime.listSandboxes();
  await Promise.all(sandboxes.map((sandbox) => service.runtime.stopSandbox(sandbox.id)));
  await service.stop();
  await unmountBelow(kubeletFolder(folder), system);
}

async function purge(folder: string, { system, searchPath, isRoot }: MachineContext): Promise<void> {
  if (await hasContainerd(folder, system)) {
    await purgeContainerd({
      system,
      layout: containerdLayout({ dataFolder: containerdFolder(folder) }),
      searchPath,
    });
  }
  await unmountBelow(kubeletFolder(folder), system);
  const settings = await readSettings(system.disk, folder);
  if (settings === undefined || !isRoot) return;
  const { disk, processes } = system;
  await purgePodNetwork({ network: networkOf(settings), ...podNetworkFolders(folder), disk, processes });
}
