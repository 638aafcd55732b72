import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerdLayout, containerdLayout } from '#cri/containerd-config.ts';
import { purgeContainerd } from '#cri/containerd-purge.ts';
import { type ContainerdOptions, ContainerdService } from '#cri/containerd-service.ts';
import { silentLog } from '#system/log.ts';
import { createRealSystem } from '#system/real.ts';
import { realDisk } from '#system/real-disk.ts';
import { realProcesses } from '#system/real-process.ts';

/** A containerd of a test's own, with its own folders, bridge and addresses. Disposing leaves nothing on the host. */
export interface SiteContainerd extends AsyncDisposable {
  readonly folder: string;
  readonly layout: ContainerdLayout;
  readonly options: ContainerdOptions;
  readonly service: ContainerdService;
}

/** Starts one and imports the archives `.cache/images/<family>.tar`. Needs root. */
export async function startSiteContainerd(families: readonly string[]): Promise<SiteContainerd> {
  const folder = await mkdtemp(join(tmpdir(), 'containerd-'));
  const layout = containerdLayout({ dataFolder: join(folder, 'containerd') });
  const system = { ...createRealSystem(), log: silentLog };
  const options = { system, layout, searchPath: process.env.PATH ?? '' };
  const bridge = `t${layout.runFolder.slice(-8)}`;
  await realDisk.write(
    join(layout.cniConfigFolder, 'test.conflist'),
    networkConfiguration(bridge, join(folder, 'leases')),
  );
  const cleanUp = async (): Promise<void> => {
    await purgeContainerd(options);
    await realProcesses.run('ip', ['link', 'delete', bridge]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const service = await ContainerdService.start(options);
    for (const family of families) {
      await service.importImage(join(import.meta.dirname, `../../.cache/images/${family}.tar`));
    }
    return {
      folder,
      layout,
      options,
      service,
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]();
        await cleanUp();
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

function networkConfiguration(bridge: string, leases: string): string {
  const ipam = {
    type: 'host-local',
    dataDir: leases,
    ranges: [[{ subnet: '10.251.0.0/24' }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: bridge,
    plugins: [{ type: 'bridge', bridge, isGateway: true, hairpinMode: true, ipMasq: false, ipam }],
  });
}
