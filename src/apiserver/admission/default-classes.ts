import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import { type Ingress } from '#api/networking/ingress.ts';
import { ingressClassResource } from '#api/networking/ingress-class.ts';
import type { KubeObject } from '#api/object.ts';
import { storageClassResource } from '#api/storage/storage-class.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { createsKind } from '#apiserver/admission/pod-requests.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import type { Store } from '#store/store.ts';

const DEFAULT_STORAGE_CLASS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const DEFAULT_INGRESS_CLASS = ['ingressclass.kubernetes.io/is-default-class'];
const CLAIM_CLASS = 'volume.beta.kubernetes.io/storage-class';
const INGRESS_CLASS = 'kubernetes.io/ingress.class';

/** Kubernetes' DefaultStorageClass: a claim that names no class gets the default one; the empty name means none. */
export function defaultStorageClass(store: Store): AdmissionPlugin {
  const classes = new StoredKind(store, storageClassResource);
  return {
    name: 'DefaultStorageClass',
    handles: createsKind('', 'PersistentVolumeClaim'),
    async mutate({ object }) {
      const { spec, metadata } = object as PersistentVolumeClaim;
      if (spec.storageClassName !== undefined || metadata.annotations?.[CLAIM_CLASS] !== undefined) return;
      await classes.ready();
      const name = defaultOf(classes.list(), DEFAULT_STORAGE_CLASS);
      if (name !== undefined) spec.storageClassName = name;
    },
  };
}

/** Kubernetes' DefaultIngressClass. */
export function defaultIngressClass(store: Store): AdmissionPlugin {
  const classes = new StoredKind(store, ingressClassResource);
  return {
    name: 'DefaultIngressClass',
    handles: createsKind('networking.k8s.io', 'Ingress'),
    async mutate({ object }) {
      const { spec, metadata } = object as Ingress;
      if (spec.ingressClassName !== undefined || metadata.annotations?.[INGRESS_CLASS] !== undefined) return;
      await classes.ready();
      const name = defaultOf(classes.list(), DEFAULT_INGRESS_CLASS);
      if (name !== undefined) spec.ingressClassName = name;
    },
  };
}

/** Of several defaults the newest, of equally new ones the first by name. */
function defaultOf(classes: readonly KubeObject[], annotations: readonly string[]): string | undefined {
  const defaults = classes.filter(({ metadata }) =>
    annotations.some((annotation) => metadata.annotations?.[annotation] === 'true'),
  );
  const newest = defaults.sort((a, b) =>
    a.metadata.creationTimestamp === b.metadata.creationTimestamp
      ? a.metadata.name < b.metadata.name
        ? -1
        : 1
      : a.metadata.creationTimestamp < b.metadata.creationTimestamp
        ? 1
        : -1,
  );
  return newest[0]?.metadata.name;
}
