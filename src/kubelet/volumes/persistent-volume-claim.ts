import type { PersistentVolume } from '#api/core/persistent-volume.ts';
import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import { StartError } from '#kubelet/start-error.ts';
import { giveToGroup } from '#kubelet/volumes/group.ts';
import { ensureHostPath } from '#kubelet/volumes/host-path.ts';
import type { MountedVolume, VolumeContext, VolumeKind } from '#kubelet/volumes/volume.ts';

/** A claim that is bound to a volume on this host: hostPath or local. */
export const claimVolume: VolumeKind = {
  field: 'persistentVolumeClaim',
  setUp: (context) => {
    const { claimName = '', readOnly = false } = context.volume.persistentVolumeClaim ?? {};
    return mountClaim(context, { claimName, readOnly });
  },
};

/** A claim that was made for the pod alone and is named for it. */
export const ephemeralVolume: VolumeKind = {
  field: 'ephemeral',
  setUp: (context) =>
    mountClaim(context, {
      claimName: `${context.pod.metadata.name}-${context.volume.name}`,
      readOnly: false,
    }),
};

async function mountClaim(
  context: VolumeContext,
  wanted: { claimName: string; readOnly: boolean },
): Promise<MountedVolume> {
  const claim = context.objects.claim(wanted.claimName);
  if (claim === undefined) refuse(`persistentvolumeclaim "${wanted.claimName}" not found`);
  const volume = boundVolume(context, claim);
  const isDevice = volume.spec.volumeMode === 'Block';
  const hostPath = await pathOf(context, volume);
  const { fsGroup, fsGroupChangePolicy } = context.pod.spec.securityContext ?? {};
  if (fsGroup !== undefined && volume.spec.local !== undefined && !isDevice) {
    await giveToGroup(context.disk, hostPath, {
      group: fsGroup,
      unlessRootMatches: fsGroupChangePolicy === 'OnRootMismatch',
    });
  }
  return { hostPath, readOnly: wanted.readOnly, isDevice, renewAtMs: Infinity };
}

function boundVolume({ objects }: VolumeContext, claim: PersistentVolumeClaim): PersistentVolume {
  const { volumeName = '' } = claim.spec;
  const name = claim.metadata.name;
  if (claim.metadata.deletionTimestamp !== undefined && volumeName === '')
    refuse(`persistentvolumeclaim "${name}" is being deleted`);
  if (claim.status?.phase !== 'Bound' || volumeName === '')
    refuse(`persistentvolumeclaim "${name}" is not bound to a volume yet`);
  const volume = objects.persistentVolume(volumeName);
  if (volume === undefined)
    refuse(`persistentvolume "${volumeName}", which persistentvolumeclaim "${name}" is bound to, not found`);
  const owner = volume.spec.claimRef;
  if (owner?.uid !== undefined && owner.uid !== claim.metadata.uid) {
    refuse(`persistentvolume "${volumeName}" is bound to another claim than persistentvolumeclaim "${name}"`);
  }
  return volume;
}

async function pathOf({ disk }: VolumeContext, { metadata, spec }: PersistentVolume): Promise<string> {
  if (spec.hostPath !== undefined) return ensureHostPath(disk, spec.hostPath);
  if (spec.local === undefined)
    refuse(
      `persistentvolume "${metadata.name}" is neither hostPath nor local, which is all that this host can mount`,
    );
  const type = spec.volumeMode === 'Block' ? 'BlockDevice' : 'Directory';
  return ensureHostPath(disk, { path: spec.local.path, type });
}

function refuse(message: string): never {
  throw new StartError('FailedMount', message);
}
