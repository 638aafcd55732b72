import { sandboxConfig, shell } from '#cri/conformance.ts';
import { containerdLayout } from '#cri/containerd-config.ts';
import { ContainerdService } from '#cri/containerd-service.ts';
import { silentLog } from '#system/log.ts';
import { createRealSystem } from '#system/real.ts';

/** A site's process in small: starts containerd and a container, prints their ids as JSON, and goes on until it is killed. */
export async function startOwned(dataFolder: string): Promise<void> {
  const layout = containerdLayout({ dataFolder });
  const system = { ...createRealSystem(), log: silentLog };
  const { pid, runtime } = await ContainerdService.start({
    system,
    layout,
    searchPath: process.env.PATH ?? '',
  });
  const sandbox = sandboxConfig(`${dataFolder}/logs`);
  const config = { ...sandbox, pod: { ...sandbox.pod, uid: 'of-the-first-process' } };
  const sandboxId = await runtime.runSandbox(config);
  const containerId = await runtime.createContainer(sandboxId, shell('sleep 1000'), config);
  await runtime.startContainer(containerId);
  process.stdout.write(JSON.stringify({ pid, containerId }));
}
