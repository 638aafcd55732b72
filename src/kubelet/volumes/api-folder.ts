import { writeAtomicFolder } from '#kubelet/volumes/atomic-folder.ts';
import type { Payload } from '#kubelet/volumes/payload.ts';
import type { MountedVolume, VolumeContext } from '#kubelet/volumes/volume.ts';

/** Sets up a volume whose files come from API objects, in the folder that is in memory where the host allows it. */
export async function mountPayload(
  context: VolumeContext,
  payload: Payload,
  renewAtMs = Infinity,
): Promise<MountedVolume> {
  const { pod, volume, paths, disk, clock, random } = context;
  const hostPath = paths.memoryFolder(pod.metadata.uid, volume.name);
  await writeAtomicFolder(hostPath, payload, {
    disk,
    clock,
    random,
    group: pod.spec.securityContext?.fsGroup,
  });
  return { hostPath, readOnly: true, isDevice: false, renewAtMs };
}
