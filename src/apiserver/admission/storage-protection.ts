import type { AdmissionPlugin, AdmissionTarget } from '#apiserver/admission/plugin.ts';

const FINALIZERS: Readonly<Record<string, string>> = {
  PersistentVolume: 'kubernetes.io/pv-protection',
  PersistentVolumeClaim: 'kubernetes.io/pvc-protection',
};

/**
 * Kubernetes' StorageObjectInUseProtection: claims that pods use and volumes that claims have are deleted only once nobody
 * does any more. Their controllers take the finalizers away.
 */
export const storageProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: ({ operation, type, subresource }: AdmissionTarget) =>
    operation === 'create' &&
    subresource === undefined &&
    type.group === '' &&
    Object.hasOwn(FINALIZERS, type.kind),
  mutate({ object, type }) {
    const finalizer = FINALIZERS[type.kind];
    const { metadata } = object;
    if (finalizer === undefined || metadata.finalizers?.includes(finalizer) === true) return;
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};
