import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import type { PersistentVolumeSpec } from '#api/core/persistent-volume.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkPresent, checkUnchanged } from '#api/field-checks.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

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
  validate: ({ spec }, old) => [
    ...checkPresent('spec.attacher', spec.attacher),
    ...checkPresent('spec.nodeName', spec.nodeName),
    ...(old === undefined ? [] : checkUnchanged('spec', spec, old.spec)),
  ],
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
