import type { Pod } from '#api/core/pod.ts';
import type { KubeObject } from '#api/object.ts';
import type { VolumeObjects } from '#kubelet/volumes/volume.ts';

/** Names of the API objects, by kind, that a pod's volumes are made from. */
export interface VolumeInputs {
  readonly configMaps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  /** The pod's own labels and annotations are among them. */
  readonly ownFields: boolean;
}

/** What the volumes of a pod are made from. */
export function inputsOf({ metadata, spec }: Pod): VolumeInputs {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const claims = new Set<string>();
  let ownFields = false;
  for (const volume of spec.volumes ?? []) {
    const sources = [
      {
        configMap: volume.configMap,
        secret: volume.secret && { name: volume.secret.secretName },
        downwardAPI: volume.downwardAPI,
      },
      ...(volume.projected?.sources ?? []),
    ];
    for (const { configMap, secret, downwardAPI } of sources) {
      if (configMap?.name !== undefined) configMaps.add(configMap.name);
      if (secret?.name !== undefined) secrets.add(secret.name);
      if (downwardAPI !== undefined) ownFields = true;
    }
    if (volume.persistentVolumeClaim !== undefined) claims.add(volume.persistentVolumeClaim.claimName);
    if (volume.ephemeral !== undefined) claims.add(`${metadata.name}-${volume.name}`);
  }
  return { configMaps, secrets, claims, ownFields };
}

/** A text that changes when any of those objects does. */
export function fingerprintOf(pod: Pod, objects: VolumeObjects): string {
  const { configMaps, secrets, claims, ownFields } = inputsOf(pod);
  const parts = [
    ...[...configMaps].map((name) => `configmap/${name}@${versionOf(objects.configMap(name))}`),
    ...[...secrets].map((name) => `secret/${name}@${versionOf(objects.secret(name))}`),
    ...[...claims].map((name) => `claim/${name}@${objects.claim(name)?.spec.volumeName ?? ''}`),
  ];
  if (ownFields) parts.push(JSON.stringify([pod.metadata.labels, pod.metadata.annotations]));
  return parts.join('\n');
}

function versionOf(object: KubeObject | undefined): string {
  return object?.metadata.resourceVersion ?? '';
}
