import type { ContainerHook } from '#kubelet/hooks/container-hook.ts';
import { hostsFile } from '#kubelet/sandbox/hosts-file.ts';

const HOSTS_PATH = '/etc/hosts';

/** `/etc/hosts` with the pod's own name and aliases, unless the container mounts a file of its own there. */
export const hostsFileHook: ContainerHook = {
  name: 'hosts-file',
  async beforeCreate({ host, pod, addresses }, draft) {
    const { mounts } = draft.config;
    if (mounts.some(({ containerPath }) => containerPath === HOSTS_PATH)) return draft;
    const { disk, paths } = host;
    const hostPath = paths.hostsFile(pod.metadata.uid);
    const hostFile = await textOf(disk.read(HOSTS_PATH));
    const content = hostsFile(pod, { addresses, hostFile: hostFile ?? '', clusterDomain: host.dns.domain });
    if ((await textOf(disk.read(hostPath))) !== content) await disk.write(hostPath, content, { mode: 0o644 });
    const mount = { hostPath, containerPath: HOSTS_PATH, readOnly: false, propagation: 'private' as const };
    return { ...draft, config: { ...draft.config, mounts: [...mounts, mount] } };
  },
};

async function textOf(reading: Promise<Uint8Array | undefined>): Promise<string | undefined> {
  const bytes = await reading;
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}
