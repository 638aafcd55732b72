import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import { compareQuantities, readQuantity, ZERO } from '#api/quantity.ts';
import { forbidden } from '#api/status.ts';
import { storageClassResource } from '#api/storage/storage-class.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import type { Store } from '#store/store.ts';

/** Kubernetes' PersistentVolumeClaimResize: a claim grows only once it is bound, and where its class allows it. */
export function claimResize(store: Store): AdmissionPlugin {
  const classes = new StoredKind(store, storageClassResource);
  return {
    name: 'PersistentVolumeClaimResize',
    handles: ({ operation, type, subresource }) =>
      operation === 'update' &&
      subresource === undefined &&
      type.group === '' &&
      type.kind === 'PersistentVolumeClaim',
    async validate({ object, old, name }) {
      const before = old as PersistentVolumeClaim;
      if (!grows(object as PersistentVolumeClaim, before)) return;
      const subject = { resource: 'persistentvolumeclaims', name };
      if (before.status?.phase !== 'Bound')
        throw forbidden(subject, 'Only bound persistent volume claims can be expanded');
      await classes.ready();
      const { storageClassName = '' } = before.spec;
      if (classes.get({ name: storageClassName })?.allowVolumeExpansion === true) return;
      throw forbidden(
        subject,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    },
  };
}

function grows(next: PersistentVolumeClaim, before: PersistentVolumeClaim): boolean {
  const sizeOf = ({ spec }: PersistentVolumeClaim) => readQuantity(spec.resources?.requests?.storage) ?? ZERO;
  return compareQuantities(sizeOf(next), sizeOf(before)) > 0;
}
