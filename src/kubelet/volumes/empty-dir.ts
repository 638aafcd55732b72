import { quantityUnits, readQuantity } from '#api/quantity.ts';
import { StartError } from '#kubelet/start-error.ts';
import type { VolumeContext, VolumeKind } from '#kubelet/volumes/volume.ts';

/** A folder that lives as long as the pod; with medium Memory a tmpfs of `sizeLimit`. */
export const emptyDirVolume: VolumeKind = {
  field: 'emptyDir',
  async setUp(context) {
    const { pod, volume, paths } = context;
    const hostPath = paths.volumeFolder(pod.metadata.uid, volume.name);
    const isNew = (await context.disk.stat(hostPath)) === undefined;
    if (isNew) await context.disk.makeFolder(hostPath);
    if (volume.emptyDir?.medium === 'Memory') await mountMemory(context, hostPath);
    if (isNew) await openToPod(context, hostPath);
    return { hostPath, readOnly: false, isDevice: false, renewAtMs: Infinity };
  },
  async tearDown({ mounts, paths }, { uid, name }) {
    await mounts.unmount(paths.volumeFolder(uid, name));
  },
};

async function mountMemory({ volume, mounts }: VolumeContext, hostPath: string): Promise<void> {
  const limit = readQuantity(volume.emptyDir?.sizeLimit);
  const sizeBytes = limit === undefined ? 0 : quantityUnits(limit);
  if (!(await mounts.mount(hostPath, { sizeBytes, mode: 0o777 }))) {
    throw new StartError(
      'FailedMount',
      'this host does not allow a tmpfs to be mounted, which medium Memory asks for',
    );
  }
}

/** Any user may write; with an fsGroup, what is made in it belongs to that group. */
async function openToPod({ pod, disk }: VolumeContext, hostPath: string): Promise<void> {
  const group = pod.spec.securityContext?.fsGroup;
  if (group !== undefined) await disk.setGroup(hostPath, group);
  await disk.setMode(hostPath, group === undefined ? 0o777 : 0o2777);
}
