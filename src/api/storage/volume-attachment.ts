import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import type { PersistentVolumeSpec } from '#api/core/persistent-volume.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkPresent, checkRange, checkUnchanged } from '#api/field-checks.ts';
import { forbiddenField, requiredValue, tooLong } from '#api/field-errors.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';
import { checkDriverName } from '#api/storage/driver-name.ts';

/** `storage.k8s.io/v1.VolumeAttachment`. */
export interface VolumeAttachment extends KubeObject {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'VolumeAttachment';
  spec: VolumeAttachmentSpec;
  status?: VolumeAttachmentStatus;
}

/** `storage.k8s.io/v1.VolumeAttachmentSpec`. */
export interface VolumeAttachmentSpec {
  attacher: string;
  nodeName: string;
  source: VolumeAttachmentSource;
}

/** `storage.k8s.io/v1.VolumeAttachmentSource`. */
export interface VolumeAttachmentSource {
  inlineVolumeSpec?: PersistentVolumeSpec;
  persistentVolumeName?: string;
}

/** `storage.k8s.io/v1.VolumeAttachmentStatus`. */
export interface VolumeAttachmentStatus {
  attachError?: VolumeError;
  attached: boolean;
  attachmentMetadata?: Record<string, string>;
  detachError?: VolumeError;
}

/** `storage.k8s.io/v1.VolumeError`. */
export interface VolumeError {
  errorCode?: number;
  message?: string;
  time?: string;
}

/** `volumeattachments.storage.k8s.io`. */
export const volumeAttachmentResource: ResourceType<VolumeAttachment> = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  namespaced: false,
  subresources: ['status'],
  schema: 'storage/v1.VolumeAttachment',
  hasGeneration: false,
  fillsZeros: true,
  validate: ({ spec }, old) => [
    ...checkPresent('spec.attacher', spec.attacher),
    ...validateSource(spec.source),
    ...checkName('spec.nodeName', spec.nodeName, subdomainNameErrors),
    ...(old === undefined
      ? [
          ...checkDriverName('spec.attacher', spec.attacher),
          ...checkName(
            'spec.source.persistentVolumeName',
            spec.source.persistentVolumeName,
            subdomainNameErrors,
          ),
        ]
      : checkUnchanged('spec', spec, old.spec)),
  ],
  validateStatus,
  columns: [
    NAME_COLUMN,
    textColumn('Attacher', 'Who attaches the volume.', ({ spec }) => spec.attacher),
    textColumn('PV', 'The volume.', ({ spec }) => spec.source.persistentVolumeName ?? ''),
    textColumn('Node', 'Where it is attached.', ({ spec }) => spec.nodeName),
    {
      name: 'Attached',
      type: 'boolean',
      description: 'Whether it is attached.',
      priority: 0,
      cell: ({ status }) => status?.attached ?? false,
    },
    AGE_COLUMN,
  ],
});

/** The most that keys and values of what a driver said of an attachment may have together, in bytes; more is refused. */
const METADATA_BYTES_MAX = 256 * 1024;
/** The longest message of an error, in bytes; a longer one is refused. */
const ERROR_MESSAGE_BYTES_MAX = 1024;
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

function validateSource({ inlineVolumeSpec, persistentVolumeName }: VolumeAttachmentSource): FieldError[] {
  const field = 'spec.source';
  if (inlineVolumeSpec !== undefined)
    return persistentVolumeName === undefined ? [] : [forbiddenField(field, ONE_SOURCE)];
  if (persistentVolumeName === undefined) return [requiredValue(field, ONE_SOURCE)];
  const name = `${field}.persistentVolumeName`;
  return checkPresent(name, persistentVolumeName, 'must specify non empty persistentVolumeName');
}

function validateStatus({ status }: VolumeAttachment): FieldError[] {
  const entries = Object.entries(status?.attachmentMetadata ?? {});
  const bytes = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return [
    ...(bytes > METADATA_BYTES_MAX ? [tooLong('status.attachmentMetadata', METADATA_BYTES_MAX)] : []),
    ...validateError('status.attachError', status?.attachError),
    ...validateError('status.detachError', status?.detachError),
  ];
}

function validateError(field: string, { message = '', errorCode = 0 }: VolumeError = {}): FieldError[] {
  return [
    ...(message.length > ERROR_MESSAGE_BYTES_MAX ? [tooLong(`${field}.message`, METADATA_BYTES_MAX)] : []),
    ...checkRange(`${field}.errorCode`, errorCode, { min: 0, max: 2 ** 31 - 1 }),
  ];
}
