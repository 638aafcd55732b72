import { type StatefulSet, statefulSetResource } from '#api/apps/stateful-set.ts';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimResource,
} from '#api/core/persistent-volume-claim.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { OwnerReference } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { claimName } from '#controllers/stateful-set/identity.ts';
import type { Action, Lookup } from '#reconcile/controller.ts';

/** Makes the claims of an ordinal that are not there. They outlive their pod, which comes back to them. */
export function createClaims(
  lookup: Lookup,
  { set, ordinal }: { set: StatefulSet; ordinal: number },
): Action[] {
  const { namespace = '', name: setName } = set.metadata;
  return (set.spec.volumeClaimTemplates ?? []).flatMap((template): Action[] => {
    const name = claimName(set, { template: template.metadata.name, ordinal });
    if (lookup.get(persistentVolumeClaimResource, { namespace, name }) !== undefined) return [];
    const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels };
    const { annotations } = template.metadata;
    const metadata = { namespace, name, labels, ...(annotations === undefined ? {} : { annotations }) };
    const object = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: template.spec };
    const pod = `${setName}-${ordinal}`;
    const why = `Pod ${pod} needs it`;
    const message = `create Claim ${name} Pod ${pod} in StatefulSet ${setName} success`;
    return [
      { type: 'create', resource: persistentVolumeClaimResource, object, why },
      { type: 'event', regarding: set, eventType: 'Normal', reason: 'SuccessfulCreate', message, why },
    ];
  });
}

/**
 * Makes the owners of a pod's claims agree with the retention policy (Kubernetes docs, "StatefulSets", "PersistentVolumeClaim
 * retention"): a claim that is to go with the set is owned by the set; one that is to go with its pod, once the set is
 * scaled down below it, by the pod. Garbage collection does the rest.
 */
export function alignClaimOwners(
  lookup: Lookup,
  { set, pod, ordinal, isCondemned }: { set: StatefulSet; pod: Pod; ordinal: number; isCondemned: boolean },
): Action[] {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } =
    set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const ownedByPod = whenScaled === 'Delete' && isCondemned;
  const ownedBySet = whenDeleted === 'Delete' && !ownedByPod;
  const { namespace } = set.metadata;
  return (set.spec.volumeClaimTemplates ?? []).flatMap(({ metadata }): Action[] => {
    const name = claimName(set, { template: metadata.name, ordinal });
    const claim = lookup.get(persistentVolumeClaimResource, { namespace, name });
    if (claim === undefined) return [];
    const wanted = [
      ...foreignOwners(claim, { set, pod }),
      ...(ownedBySet ? [ownerReference(statefulSetResource, set)] : []),
      ...(ownedByPod ? [ownerReference(podResource, pod)] : []),
    ];
    const current = claim.metadata.ownerReferences ?? [];
    if (wanted.length === current.length && wanted.every(({ uid }, index) => uid === current[index]?.uid))
      return [];
    const patch = { metadata: { resourceVersion: claim.metadata.resourceVersion, ownerReferences: wanted } };
    const why = 'the retention policy of the StatefulSet says with what its claims go';
    return [
      { type: 'patch', resource: persistentVolumeClaimResource, name: { namespace, name }, patch, why },
    ];
  });
}

/** Owners other than the set and a pod of that name. */
function foreignOwners(
  { metadata }: PersistentVolumeClaim,
  { set, pod }: { set: StatefulSet; pod: Pod },
): OwnerReference[] {
  return (metadata.ownerReferences ?? []).filter(
    ({ kind, name, uid }) => uid !== set.metadata.uid && !(kind === 'Pod' && name === pod.metadata.name),
  );
}

function ownerReference(
  type: ResourceType<never> | ResourceType,
  { metadata: { name, uid } }: { metadata: { name: string; uid: string } },
): OwnerReference {
  return { apiVersion: apiVersionOf(type), kind: type.kind, name, uid };
}
