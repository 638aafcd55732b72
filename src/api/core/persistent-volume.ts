import { AGE_COLUMN, NAME_COLUMN, textColumn, wide } from '#api/columns.ts';
import type { NodeSelector } from '#api/core/affinity.ts';
import { validateNodeSelectorTerms } from '#api/core/affinity-validation.ts';
import { validateAccessModes } from '#api/core/claim-validation.ts';
import type { AccessMode } from '#api/core/persistent-volume-claim.ts';
import type { ObjectReference, SecretReference } from '#api/core/reference.ts';
import type { HostPathVolumeSource, NFSVolumeSource } from '#api/core/volume.ts';
import { formatAccessModes, UNSET, volumePhase } from '#api/core/volume-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkQuantity, checkUnchanged } from '#api/field-checks.ts';
import { forbiddenField, requiredValue } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `core/v1.PersistentVolume`. */
export interface PersistentVolume extends KubeObject {
  apiVersion: 'v1';
  kind: 'PersistentVolume';
  spec: PersistentVolumeSpec;
  status?: PersistentVolumeStatus;
}

/** `core/v1.PersistentVolumeSpec`. */
export interface PersistentVolumeSpec {
  accessModes?: AccessMode[];
  capacity?: Record<string, string>;
  claimRef?: ObjectReference;
  csi?: CSIPersistentVolumeSource;
  hostPath?: HostPathVolumeSource;
  local?: LocalVolumeSource;
  mountOptions?: string[];
  nfs?: NFSVolumeSource;
  nodeAffinity?: VolumeNodeAffinity;
  persistentVolumeReclaimPolicy?: 'Retain' | 'Delete' | 'Recycle';
  storageClassName?: string;
  volumeAttributesClassName?: string;
  volumeMode?: 'Filesystem' | 'Block';
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
  validate: validatePersistentVolume,
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

/** Fields of the spec that are no volume source. */
const NO_SOURCES = [
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
];

function defaultPersistentVolume(volume: PersistentVolume): void {
  const { spec } = volume;
  spec.persistentVolumeReclaimPolicy ??= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  if (spec.hostPath !== undefined) spec.hostPath.type ??= '';
  volume.status ??= {};
  volume.status.phase ??= 'Pending';
}

function validatePersistentVolume(
  { spec }: PersistentVolume,
  old: PersistentVolume | undefined,
): FieldError[] {
  const { capacity = {}, nodeAffinity, local } = spec;
  const [first, ...more] = sourcesOf(spec);
  return [
    ...validateAccessModes('spec.accessModes', spec.accessModes),
    ...(capacity.storage === undefined ? [requiredValue('spec.capacity')] : []),
    ...Object.entries(capacity).flatMap(([name, amount]) => checkQuantity(`spec.capacity[${name}]`, amount)),
    ...(first === undefined ? [requiredValue('spec', 'must specify a volume type')] : []),
    ...more.map((source) => forbiddenField(`spec.${source}`, 'may not specify more than 1 volume type')),
    ...checkOneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, [
      'Delete',
      'Recycle',
      'Retain',
    ]),
    ...checkOneOf('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']),
    ...(local !== undefined && nodeAffinity?.required === undefined
      ? [requiredValue('spec.nodeAffinity', 'Local volume requires node affinity')]
      : []),
    ...(nodeAffinity?.required === undefined
      ? []
      : validateNodeSelectorTerms('spec.nodeAffinity.required', nodeAffinity.required.nodeSelectorTerms)),
    ...(old === undefined ? [] : validateSourceChange(spec, old.spec)),
  ];
}

function sourcesOf(spec: PersistentVolumeSpec): string[] {
  return Object.keys(spec).filter((key) => !NO_SOURCES.includes(key));
}

function validateSourceChange(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): FieldError[] {
  const now = Object.fromEntries(
    sourcesOf(spec).map((key) => [key, spec[key as keyof PersistentVolumeSpec]]),
  );
  const before = Object.fromEntries(
    sourcesOf(old).map((key) => [key, old[key as keyof PersistentVolumeSpec]]),
  );
  const isSame = checkUnchanged('spec.persistentvolumesource', now, before).length === 0;
  return [
    ...(isSame
      ? []
      : [
          forbiddenField(
            'spec.persistentvolumesource',
            'spec.persistentvolumesource is immutable after creation',
          ),
        ]),
    ...checkUnchanged('spec.volumeMode', spec.volumeMode, old.volumeMode),
  ];
}
