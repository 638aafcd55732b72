import type { DownwardAPIVolumeFile, Volume } from '#api/core/volume.ts';
import type { NetworkVolumeSources } from '#api/core/volume-network.ts';

/** Mode bits of files in a volume of configuration: 0644. */
const FILE_MODE = 0o644;
/** How long a projected token is valid, in seconds. */
const TOKEN_EXPIRATION_SECONDS = 3600;

/** Defaults of a volume, in place. One without a source is an emptyDir. Source: Kubernetes' Volume API reference. */
export function defaultVolume(volume: Volume): void {
  const { name: _, ...sources } = volume;
  if (Object.keys(sources).length === 0) volume.emptyDir = {};
  for (const source of [volume.configMap, volume.secret, volume.downwardAPI, volume.projected]) {
    if (source !== undefined) source.defaultMode ??= FILE_MODE;
  }
  if (volume.hostPath !== undefined) volume.hostPath.type ??= '';
  defaultNetworkVolume(volume);
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim !== undefined) claim.volumeMode ??= 'Filesystem';
  defaultDownwardItems(volume.downwardAPI?.items);
  for (const { downwardAPI, serviceAccountToken } of volume.projected?.sources ?? []) {
    defaultDownwardItems(downwardAPI?.items);
    if (serviceAccountToken !== undefined) serviceAccountToken.expirationSeconds ??= TOKEN_EXPIRATION_SECONDS;
  }
}

/** Defaults of the sources that are storage systems, in place. */
export function defaultNetworkVolume({ azureDisk, iscsi, rbd, scaleIO }: NetworkVolumeSources): void {
  if (azureDisk !== undefined) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.fsType ??= 'ext4';
    azureDisk.kind ??= 'Shared';
    azureDisk.readOnly ??= false;
  }
  if (iscsi !== undefined) iscsi.iscsiInterface ??= 'default';
  if (rbd !== undefined) {
    rbd.keyring ??= '/etc/ceph/keyring';
    rbd.pool ??= 'rbd';
    rbd.user ??= 'admin';
  }
  if (scaleIO !== undefined) {
    scaleIO.fsType ??= 'xfs';
    scaleIO.storageMode ??= 'ThinProvisioned';
  }
}

function defaultDownwardItems(items: readonly DownwardAPIVolumeFile[] = []): void {
  for (const { fieldRef, resourceFieldRef } of items) {
    if (fieldRef !== undefined) fieldRef.apiVersion ??= 'v1';
    if (resourceFieldRef !== undefined) resourceFieldRef.divisor ??= '0';
  }
}
