import { AGE_COLUMN, NAME_COLUMN, textColumn, wide } from '#api/columns.ts';
import { validateClaimSpec } from '#api/core/claim-validation.ts';
import type { TypedLocalObjectReference, TypedObjectReference } from '#api/core/reference.ts';
import { formatAccessModes, UNSET, volumePhase } from '#api/core/volume-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { forbiddenField } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import type { Json, KubeObject, LabelSelector } from '#api/object.ts';
import { compareQuantities, readQuantity } from '#api/quantity.ts';
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
    validate: ({ spec, status }, old) => [
      ...validateClaimSpec('spec', spec),
      ...(old === undefined ? [] : validateClaimChange({ spec, status }, old)),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('Status', 'Whether it is bound to a volume.', volumePhase),
      textColumn('Volume', 'The volume that it is bound to.', ({ spec }) => spec.volumeName ?? ''),
      textColumn('Capacity', 'How much the volume holds.', ({ spec, status }) =>
        isBound(spec) ? (status?.capacity?.storage ?? '') : '',
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

/** A claim may be bound once, get a class where it has none, and ask for more once it is bound. */
function validateClaimChange(
  { spec, status }: Pick<PersistentVolumeClaim, 'spec'> & { status: PersistentVolumeClaim['status'] },
  old: PersistentVolumeClaim,
): FieldError[] {
  const rule =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  const requested = readQuantity(spec.resources?.requests?.storage);
  const oldRequested = readQuantity(old.spec.resources?.requests?.storage);
  const isSmaller =
    requested !== undefined && oldRequested !== undefined && compareQuantities(requested, oldRequested) < 0;
  return [
    ...(equalJson(comparable(spec, old) as unknown as Json, comparable(old.spec, old) as unknown as Json)
      ? []
      : [forbiddenField('spec', rule)]),
    ...(isSmaller && status?.capacity?.storage !== undefined
      ? [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')]
      : []),
  ];
}

/** The claim without what may change, given how it was. */
function comparable(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaim): PersistentVolumeClaimSpec {
  const copy: PersistentVolumeClaimSpec = structuredClone(spec);
  delete copy.volumeAttributesClassName;
  if (!isBound(old.spec)) delete copy.volumeName;
  else if (copy.resources?.requests !== undefined) delete copy.resources.requests.storage;
  if (old.spec.storageClassName === undefined) delete copy.storageClassName;
  return copy;
}
