import { type PersistentVolume, persistentVolumeResource } from '#api/core/persistent-volume.ts';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimResource,
} from '#api/core/persistent-volume-claim.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { type KubeObject, objectKey } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { ViewIndex } from '#client/view.ts';
import { type Action, type Controller, read } from '#reconcile/controller.ts';

/** The claims that pods on hosts use, each with those pods. */
const podsByClaim: ViewIndex<Pod, Map<string, Set<string>>> = {
  type: podResource,
  create: () => new Map(),
  take: (index, { key, object, previous }) => {
    for (const claim of previous === undefined ? [] : usedClaims(previous)) {
      const pods = index.get(claim);
      pods?.delete(key);
      if (pods?.size === 0) index.delete(claim);
    }
    for (const claim of object === undefined ? [] : usedClaims(object))
      index.set(claim, (index.get(claim) ?? new Set()).add(key));
  },
};

/** Only a pod on a host uses its claims: no host starts one whose claim is going. */
function usedClaims({ metadata, spec }: Pod): string[] {
  if ((spec.nodeName ?? '') === '') return [];
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = persistentVolumeClaim?.claimName ?? (ephemeral && `${metadata.name}-${name}`);
    return claim === undefined ? [] : `${metadata.namespace ?? ''}/${claim}`;
  });
}

/** Lets a claim that is being deleted go once no pod uses it (Kubernetes' pvc-protection controller). */
export const claimProtectionController: Controller<PersistentVolumeClaim> = {
  name: 'pvc-protection-controller',
  for: persistentVolumeClaimResource,
  reads: [read(podResource, usedClaims)],
  writes: [{ type: persistentVolumeClaimResource, verbs: ['patch'] }],
  plan(snapshot) {
    const { object: claim } = snapshot;
    if (claim === undefined || snapshot.index(podsByClaim).has(objectKey(claim))) return [];
    return release(persistentVolumeClaimResource, claim, {
      finalizer: 'kubernetes.io/pvc-protection',
      why: 'no pod uses the claim, which is being deleted',
    });
  },
};

/** Lets a volume that is being deleted go once no claim has it (Kubernetes' pv-protection controller). */
export const volumeProtectionController: Controller<PersistentVolume> = {
  name: 'pv-protection-controller',
  for: persistentVolumeResource,
  reads: [],
  writes: [{ type: persistentVolumeResource, verbs: ['patch'] }],
  plan({ object: volume }) {
    if (volume === undefined || volume.status?.phase === 'Bound') return [];
    return release(persistentVolumeResource, volume, {
      finalizer: 'kubernetes.io/pv-protection',
      why: 'no claim has the volume, which is being deleted',
    });
  },
};

function release<T extends KubeObject>(
  resource: ResourceType<T>,
  { metadata }: T,
  { finalizer, why }: { finalizer: string; why: string },
): Action[] {
  const { name, namespace, resourceVersion, finalizers = [], deletionTimestamp } = metadata;
  if (deletionTimestamp === undefined || !finalizers.includes(finalizer)) return [];
  const left = finalizers.filter((each) => each !== finalizer);
  const patch = { metadata: { resourceVersion, finalizers: left.length === 0 ? null : left } };
  return [{ type: 'patch', resource, name: { namespace, name }, patch, why }];
}
