import type { KubeObject, OwnerReference } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { Lookup } from '#reconcile/controller.ts';

/** The finalizer of an owner that goes only after its dependents. */
export const FOREGROUND = 'foregroundDeletion';
/** The finalizer of an owner that leaves its dependents behind. */
export const ORPHAN = 'orphan';

/** What became of an owner. */
export type OwnerState =
  /** There, or of a kind that is not known here: presumed to be there. */
  | 'present'
  /** There, and waits for its dependents to go. */
  | 'waiting'
  | 'absent'
  /** Not in the dependent's namespace, but in another: by the rules that is absent. */
  | 'elsewhere';

export interface Owner {
  readonly reference: OwnerReference;
  readonly type: ResourceType | undefined;
  readonly state: OwnerState;
}

/** The owners of an object and what became of each. */
export function ownersOf(
  lookup: Lookup,
  { object, types }: { object: KubeObject; types: readonly ResourceType[] },
): Owner[] {
  return (object.metadata.ownerReferences ?? []).map((reference) => {
    const type = types.find((each) => isOfType(reference, each));
    return {
      reference,
      type,
      state: type === undefined ? 'present' : stateOf(lookup, { object, reference, type }),
    };
  });
}

/** Whether a reference names the kind, in whatever version. */
export function isOfType({ apiVersion, kind }: OwnerReference, type: ResourceType): boolean {
  const slash = apiVersion.indexOf('/');
  return kind === type.kind && (slash < 0 ? '' : apiVersion.slice(0, slash)) === type.group;
}

/** Whether an object is being deleted and waits for what `finalizer` stands for. */
export function isDeletedWith({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(finalizer) === true;
}

function stateOf(
  lookup: Lookup,
  { object, reference, type }: { object: KubeObject; reference: OwnerReference; type: ResourceType },
): OwnerState {
  const { namespace } = object.metadata;
  // Nothing can be said of an owner in a namespace where the dependent has none.
  if (type.namespaced && namespace === undefined) return 'present';
  const owner = lookup.get(type, { ...(type.namespaced ? { namespace } : {}), name: reference.name });
  if (owner?.metadata.uid === reference.uid) return isDeletedWith(owner, FOREGROUND) ? 'waiting' : 'present';
  return type.namespaced && lookup.list(type).some(({ metadata }) => metadata.uid === reference.uid)
    ? 'elsewhere'
    : 'absent';
}
