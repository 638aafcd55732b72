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
  /** The address of the host on the pods' bridge. */
  readonly gateway: string;
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
  const id = layout.runFolder.slice(-8);
  const bridge = `t${id}`;
  // Each its own, so that what a killed test left behind is in nobody's way.
  const network = `10.251.${Number.parseInt(id.slice(-2), 16)}`;
  await realDisk.write(
    join(layout.cniConfigFolder, 'test.conflist'),
    networkConfiguration({ bridge, subnet: `${network}.0/24`, leases: join(folder, 'leases') }),
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
      gateway: `${network}.1`,
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

function networkConfiguration({
  bridge,
  subnet,
  leases,
}: {
  bridge: string;
  subnet: string;
  leases: string;
}): string {
  const ipam = {
    type: 'host-local',
    dataDir: leases,
    ranges: [[{ subnet }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: bridge,
    plugins: [{ type: 'bridge', bridge, isGateway: true, hairpinMode: true, ipMasq: false, ipam }],
  });
}
