import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { type PersistentVolume, persistentVolumeResource } from '#api/core/persistent-volume.ts';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimResource,
} from '#api/core/persistent-volume-claim.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { type Secret, secretResource } from '#api/core/secret.ts';
import { type Service, serviceResource } from '#api/core/service.ts';
import type { KubeObject } from '#api/object.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';
import type { VolumeObjects } from '#kubelet/volumes/volume.ts';

/** Objects of one kind, kept current: a View, or whatever gives a host just the objects that it may see. */
export type Source<T extends KubeObject> = Pick<View<T>, 'get' | 'list' | 'synced' | 'subscribe'>;

/** What a kubelet reads of the API. Whoever makes them runs them. */
export interface KubeletSources {
  /** Those of this host; those of others are passed over. */
  readonly pods: Source<Pod>;
  readonly configMaps: Source<ConfigMap>;
  readonly secrets: Source<Secret>;
  readonly services: Source<Service>;
  readonly claims: Source<PersistentVolumeClaim>;
  readonly persistentVolumes: Source<PersistentVolume>;
}

/** Reads through the views that a process shares; to be called before they run. */
export function sourcesFromViews(views: Views): KubeletSources {
  return {
    pods: views.of(podResource),
    configMaps: views.of(configMapResource),
    secrets: views.of(secretResource),
    services: views.of(serviceResource),
    claims: views.of(persistentVolumeClaimResource),
    persistentVolumes: views.of(persistentVolumeResource),
  };
}

/** The objects that the volumes of a pod in `namespace` may be made from. */
export function volumeObjectsOf(sources: KubeletSources, namespace: string): VolumeObjects {
  return {
    configMap: (name) => sources.configMaps.get(`${namespace}/${name}`),
    secret: (name) => sources.secrets.get(`${namespace}/${name}`),
    claim: (name) => sources.claims.get(`${namespace}/${name}`),
    persistentVolume: (name) => sources.persistentVolumes.get(name),
  };
}
