import { controllerOf, type KubeObject, type OwnerReference } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import type { LabelMatcher } from '#api/selector.ts';
import type { Action } from '#reconcile/controller.ts';

/** The reference that makes `owner` the controller of what holds it. */
export function controllerReference(
  type: ResourceType<never> | ResourceType,
  owner: { metadata: { name: string; uid: string } },
): OwnerReference {
  const { name, uid } = owner.metadata;
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** What a controller has of its dependents, and the patches that make their owner references agree. */
export interface Claim<D extends KubeObject> {
  readonly claimed: D[];
  readonly actions: Action[];
}

/**
 * Sorts out which objects an owner has (Kubernetes "ControllerRefManager"): an owned object whose labels match no more is
 * released; an orphan whose labels match is adopted and counts at once. An owner that is being deleted claims nothing new
 * and releases nothing. Adoption and release hold only for the state that was seen, else the server answers Conflict.
 */
export function claim<O extends KubeObject, D extends KubeObject>(
  owner: { readonly type: ResourceType<O>; readonly object: O; readonly matcher: LabelMatcher },
  dependents: {
    readonly type: ResourceType<D>;
    readonly owned: readonly D[];
    readonly orphans: readonly D[];
  },
): Claim<D> {
  const { object, matcher } = owner;
  const isDeleted = object.metadata.deletionTimestamp !== undefined;
  const matching = dependents.owned.filter((dependent) => matcher.matches(dependent.metadata.labels));
  const stray = isDeleted
    ? []
    : dependents.owned.filter((dependent) => !matcher.matches(dependent.metadata.labels));
  const adopted = isDeleted ? [] : dependents.orphans.filter((orphan) => isAdoptable(orphan, matcher));
  const reference = controllerReference(owner.type, object);
  const label = `${owner.type.kind} ${object.metadata.name}`;
  const patch = (dependent: D, change: { owners: OwnerReference[]; why: string }): Action => ({
    type: 'patch',
    resource: dependents.type,
    name: { namespace: dependent.metadata.namespace, name: dependent.metadata.name },
    patch: {
      metadata: { resourceVersion: dependent.metadata.resourceVersion, ownerReferences: change.owners },
    },
    why: change.why,
  });
  const releases = stray.map((dependent) =>
    patch(dependent, {
      owners: ownersOf(dependent).filter((reference) => reference.uid !== object.metadata.uid),
      why: `its labels do not match the selector of ${label} any more`,
    }),
  );
  const adoptions = adopted.map((dependent) =>
    patch(dependent, {
      owners: [...ownersOf(dependent), reference],
      why: `it has no controller and its labels match the selector of ${label}`,
    }),
  );
  return { claimed: [...matching, ...adopted], actions: [...releases, ...adoptions] };
}

function isAdoptable(object: KubeObject, matcher: LabelMatcher): boolean {
  const { deletionTimestamp, labels } = object.metadata;
  return controllerOf(object) === undefined && deletionTimestamp === undefined && matcher.matches(labels);
}

function ownersOf(object: KubeObject): OwnerReference[] {
  return object.metadata.ownerReferences ?? [];
}
