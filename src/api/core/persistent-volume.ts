import { AGE_COLUMN, NAME_COLUMN, textColumn, wide } from '#api/columns.ts';
import type { NodeSelector } from '#api/core/affinity.ts';
import type { AccessMode } from '#api/core/persistent-volume-claim.ts';
import { validatePersistentVolume } from '#api/core/persistent-volume-validation.ts';
import type { ObjectReference, SecretReference } from '#api/core/reference.ts';
import type { HostPathVolumeSource, NFSVolumeSource } from '#api/core/volume.ts';
import { formatAccessModes, UNSET, volumePhase } from '#api/core/volume-columns.ts';
import { defaultNetworkVolume } from '#api/core/volume-defaults.ts';
import type { NetworkVolumeSources } from '#api/core/volume-network.ts';
import { oldSourceWarnings } from '#api/core/volume-warnings.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.PersistentVolume`. */
export interface PersistentVolume extends KubeObject {
  apiVersion: 'v1';
  kind: 'PersistentVolume';
  spec: PersistentVolumeSpec;
  status?: PersistentVolumeStatus;
}

/** `core/v1.PersistentVolumeSpec`. */
export interface PersistentVolumeSpec extends PersistentVolumeSources {
  accessModes?: AccessMode[];
  capacity?: Record<string, string>;
  claimRef?: ObjectReference;
  mountOptions?: string[];
  nodeAffinity?: VolumeNodeAffinity;
  persistentVolumeReclaimPolicy?: 'Retain' | 'Delete' | 'Recycle';
  storageClassName?: string;
  volumeAttributesClassName?: string;
  volumeMode?: 'Filesystem' | 'Block';
}

/** `core/v1.PersistentVolumeSource`: one of them. */
export interface PersistentVolumeSources extends Omit<NetworkVolumeSources, 'gitRepo'> {
  csi?: CSIPersistentVolumeSource;
  hostPath?: HostPathVolumeSource;
  local?: LocalVolumeSource;
  nfs?: NFSVolumeSource;
}

/** `core/v1.PersistentVolumeStatus`. */
export interface PersistentVolumeStatus {
  lastPhaseTransitionTime?: string;
  message?: string;
  phase?: 'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed';
  reason?: string;
}

/** `core/v1.VolumeNodeAffinity`. */
export interface VolumeNodeAffinity {
  required?: NodeSelector;
}

/** `core/v1.LocalVolumeSource`. */
export interface LocalVolumeSource {
  fsType?: string;
  path: string;
}

/** `core/v1.CSIPersistentVolumeSource`. */
export interface CSIPersistentVolumeSource {
  controllerExpandSecretRef?: SecretReference;
  controllerPublishSecretRef?: SecretReference;
  driver: string;
  fsType?: string;
  nodeExpandSecretRef?: SecretReference;
  nodePublishSecretRef?: SecretReference;
  nodeStageSecretRef?: SecretReference;
  readOnly?: boolean;
  volumeAttributes?: Record<string, string>;
  volumeHandle: string;
}

/** `persistentvolumes`. */
export const persistentVolumeResource: ResourceType<PersistentVolume> = defineResource<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  subresources: ['status'],
  schema: 'core/v1.PersistentVolume',
  fillsZeros: true,
  hasGeneration: false,
  applyDefaults: defaultPersistentVolume,
  prepare: prepareVolume,
  validate: validatePersistentVolume,
  warnings: volumeWarnings,
  columns: [
    NAME_COLUMN,
    textColumn('Capacity', 'How much it holds.', ({ spec }) => spec.capacity?.storage ?? ''),
    textColumn('Access Modes', 'How it may be mounted.', ({ spec }) => formatAccessModes(spec.accessModes)),
    textColumn(
      'Reclaim Policy',
      'What becomes of it once it is released.',
      ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '',
    ),
    textColumn('Status', 'Whether it is free or bound.', volumePhase),
    textColumn('Claim', 'The claim that it is bound to.', ({ spec: { claimRef } }) =>
      claimRef === undefined ? '' : `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`,
    ),
    textColumn('StorageClass', 'Class that it belongs to.', ({ spec }) => spec.storageClassName ?? ''),
    textColumn(
      'VolumeAttributesClass',
      'Class of its attributes.',
      ({ spec }) => spec.volumeAttributesClassName ?? UNSET,
    ),
    textColumn('Reason', 'Why it failed.', ({ status }) => status?.reason ?? ''),
    AGE_COLUMN,
    wide(textColumn('VolumeMode', 'Files or a raw block device.', ({ spec }) => spec.volumeMode ?? UNSET)),
  ],
});

function defaultPersistentVolume(volume: PersistentVolume): void {
  const { spec } = volume;
  spec.persistentVolumeReclaimPolicy ??= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  if (spec.hostPath !== undefined) spec.hostPath.type ??= '';
  defaultNetworkVolume(spec);
}

/** A new volume has been pending since it was made. */
function prepareVolume(volume: PersistentVolume, old: PersistentVolume | undefined): void {
  if (old === undefined)
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: volume.metadata.creationTimestamp };
}

/** Annotations that a field has taken the place of, and what is said of them. */
const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  'volume.beta.kubernetes.io/storage-class':
    'deprecated since v1.8; use "storageClassName" attribute instead',
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
};

function volumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  return [
    ...Object.entries(OLD_ANNOTATIONS).flatMap(([key, message]) =>
      metadata.annotations?.[key] === undefined ? [] : [`metadata.annotations[${key}]: ${message}`],
    ),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        ]
      : []),
    ...oldSourceWarnings('spec', spec, NOT_TOLD),
  ];
}

/** Old sources that nothing is said of where they are those of a volume of the cluster. */
const NOT_TOLD: readonly string[] = ['flocker', 'quobyte'];
