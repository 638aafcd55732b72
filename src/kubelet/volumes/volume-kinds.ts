import type { Volume } from '#api/core/volume.ts';
import { StartError } from '#kubelet/start-error.ts';
import { configMapVolume } from '#kubelet/volumes/config-map.ts';
import { downwardApiVolume } from '#kubelet/volumes/downward-api.ts';
import { emptyDirVolume } from '#kubelet/volumes/empty-dir.ts';
import { hostPathVolume } from '#kubelet/volumes/host-path.ts';
import { claimVolume, ephemeralVolume } from '#kubelet/volumes/persistent-volume-claim.ts';
import { projectedVolume } from '#kubelet/volumes/projected.ts';
import { secretVolume } from '#kubelet/volumes/secret.ts';
import type { VolumeKind } from '#kubelet/volumes/volume.ts';

/** Every kind of volume that this host can set up. */
export const VOLUME_KINDS: readonly VolumeKind[] = [
  configMapVolume,
  secretVolume,
  emptyDirVolume,
  hostPathVolume,
  downwardApiVolume,
  projectedVolume,
  claimVolume,
  ephemeralVolume,
];

/** The kind of a volume; an emptyDir where it names none. Throws StartError where this host cannot set it up. */
export function kindOf(volume: Volume): VolumeKind {
  const [field] = Object.keys(volume).filter((key) => key !== 'name');
  if (field === undefined) return emptyDirVolume;
  const kind = VOLUME_KINDS.find((known) => known.field === field);
  if (kind === undefined)
    throw new StartError('FailedMount', `volumes of kind ${field} are not supported on this host`);
  return kind;
}
