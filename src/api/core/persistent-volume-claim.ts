import { AGE_COLUMN, NAME_COLUMN, textColumn, wide } from '#api/columns.ts';
import { fractionWarnings } from '#api/core/amount-warnings.ts';
import { validateClaimSpec } from '#api/core/claim-validation.ts';
import { alignDataSources } from '#api/core/data-source.ts';
import type { TypedLocalObjectReference, TypedObjectReference } from '#api/core/reference.ts';
import { formatAccessModes, UNSET, volumePhase } from '#api/core/volume-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkUnchanged } from '#api/field-checks.ts';
import { forbiddenField, immutableField } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import type { Json, KubeObject, LabelSelector } from '#api/object.ts';
import { readQuantity } from '#api/quantity.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** How a volume may be mounted. */
export type AccessMode = 'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod';

/** `core/v1.PersistentVolumeClaim`. */
export interface PersistentVolumeClaim extends KubeObject {
  apiVersion: 'v1';
  kind: 'PersistentVolumeClaim';
  spec: PersistentVolumeClaimSpec;
  status?: PersistentVolumeClaimStatus;
}

/** `core/v1.PersistentVolumeClaimSpec`. */
export interface PersistentVolumeClaimSpec {
  accessModes?: AccessMode[];
  dataSource?: TypedLocalObjectReference;
  dataSourceRef?: TypedObjectReference;
  resources?: VolumeResourceRequirements;
  selector?: LabelSelector;
  storageClassName?: string;
  volumeAttributesClassName?: string;
  volumeMode?: 'Filesystem' | 'Block';
  volumeName?: string;
}

/** `core/v1.VolumeResourceRequirements`. */
export interface VolumeResourceRequirements {
  limits?: Record<string, string>;
  requests?: Record<string, string>;
}

/** `core/v1.PersistentVolumeClaimStatus`. */
export interface PersistentVolumeClaimStatus {
  accessModes?: AccessMode[];
  allocatedResourceStatuses?: Record<string, string>;
  allocatedResources?: Record<string, string>;
  capacity?: Record<string, string>;
  conditions?: PersistentVolumeClaimCondition[];
  currentVolumeAttributesClassName?: string;
  modifyVolumeStatus?: ModifyVolumeStatus;
  phase?: 'Pending' | 'Bound' | 'Lost';
}

/** `core/v1.PersistentVolumeClaimCondition`. */
export interface PersistentVolumeClaimCondition {
  lastProbeTime?: string;
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `core/v1.ModifyVolumeStatus`. */
export interface ModifyVolumeStatus {
  status: string;
  targetVolumeAttributesClassName?: string;
}

/** `persistentvolumeclaims`. */
export const persistentVolumeClaimResource: ResourceType<PersistentVolumeClaim> =
  defineResource<PersistentVolumeClaim>({
    group: '',
    version: 'v1',
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    shortNames: ['pvc'],
    subresources: ['status'],
    schema: 'core/v1.PersistentVolumeClaim',
    fillsZeros: true,
    hasGeneration: false,
    applyDefaults: (claim) => {
      claim.spec.volumeMode ??= 'Filesystem';
      claim.status ??= {};
      claim.status.phase ??= 'Pending';
    },
    prepare: ({ spec }, old) => alignDataSources(spec, old?.spec),
    validate: (claim, old) => [
      ...validateClaimSpec('spec', claim.spec),
      ...(old === undefined ? [] : validateClaimChange(claim, old)),
    ],
    warnings: claimWarnings,
    columns: [
      NAME_COLUMN,
      textColumn('Status', 'Whether it is bound to a volume.', volumePhase),
      textColumn('Volume', 'The volume that it is bound to.', ({ spec }) => spec.volumeName ?? ''),
      textColumn('Capacity', 'How much the volume holds.', ({ spec, status }) =>
        isBound(spec) ? (status?.capacity?.storage ?? '0') : '',
      ),
      textColumn('Access Modes', 'How the volume may be mounted.', ({ spec, status }) =>
        isBound(spec) ? formatAccessModes(status?.accessModes) : '',
      ),
      textColumn(
        'StorageClass',
        'Class that the volume comes from.',
        ({ spec }) => spec.storageClassName ?? '',
      ),
      textColumn(
        'VolumeAttributesClass',
        'Class of its attributes.',
        ({ spec }) => spec.volumeAttributesClassName ?? UNSET,
      ),
      AGE_COLUMN,
      wide(textColumn('VolumeMode', 'Files or a raw block device.', ({ spec }) => spec.volumeMode ?? UNSET)),
    ],
  });

function isBound({ volumeName }: PersistentVolumeClaimSpec): boolean {
  return volumeName !== undefined && volumeName !== '';
}

/** The class of a claim, before there was a field for it. */
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** A claim may be bound once, get a class where it has none, and ask for more once it is bound. */
function validateClaimChange(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const { spec } = claim;
  const field = 'spec.resources.requests.storage';
  const rule =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  const size = (amount: string | undefined): bigint => readQuantity(amount)?.nanos ?? 0n;
  const requested = size(spec.resources?.requests?.storage);
  const isSmaller = requested < size(old.spec.resources?.requests?.storage);
  const noted = claim.metadata.annotations?.[CLASS_ANNOTATION];
  const before = old.metadata.annotations?.[CLASS_ANNOTATION];
  const isMoved = before !== undefined && noted === undefined && spec.storageClassName === before;
  return [
    ...(noted === before || isMoved
      ? []
      : [immutableField(`metadata.annotations[${CLASS_ANNOTATION}]`, noted ?? '')]),
    ...(isUnchanged(claim, old) ? [] : [forbiddenField('spec', rule)]),
    ...(isSmaller && requested <= size(old.status?.capacity?.storage)
      ? [forbiddenField(field, 'field can not be less than status.capacity')]
      : []),
    ...checkUnchanged('volumeMode', spec.volumeMode, old.spec.volumeMode),
  ];
}

function isUnchanged(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const isBoundNow = claim.status?.phase === 'Bound';
  const comparable = ({ spec }: PersistentVolumeClaim): Json => {
    const copy = structuredClone(spec);
    if (!isBound(old.spec)) delete copy.volumeName;
    if (isBoundNow && copy.resources?.requests !== undefined) delete copy.resources.requests.storage;
    if (isBoundNow && claim.spec.volumeAttributesClassName !== undefined)
      delete copy.volumeAttributesClassName;
    if (old.spec.storageClassName === undefined && claim.spec.storageClassName !== undefined)
      delete copy.storageClassName;
    return copy as unknown as Json;
  };
  return equalJson(comparable(claim), comparable(old));
}

function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const { requests, limits } = spec.resources ?? {};
  return [
    ...(metadata.annotations?.[CLASS_ANNOTATION] === undefined
      ? []
      : [
          `metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`,
        ]),
    ...fractionWarnings('spec.resources.requests', requests, ['storage']),
    ...fractionWarnings('spec.resources.limits', limits, ['storage']),
  ];
}
