import type { PodHook } from '#kubelet/hooks/pod-hook.ts';
import { uidOfLogFolder } from '#kubelet/pod-paths.ts';
import { identityOf } from '#kubelet/sandbox/sandbox-config.ts';

/** The pod's log folder: there before anything writes to it, and kept until the pod is removed. */
export const logsHook: PodHook = {
  name: 'logs',
  async setUp({ host, pod }, prepared) {
    await host.disk.makeFolder(host.paths.logFolder(identityOf(pod)), { mode: 0o755 });
    return prepared;
  },
  async remove({ host, uid }) {
    for (const folder of await host.disk.list(host.paths.logs)) {
      if (uidOfLogFolder(folder) === uid) await host.disk.remove(`${host.paths.logs}/${folder}`);
    }
  },
};
