import { type KubeObject, type OwnerReference, objectKey } from '#api/object.ts';
import { type ResourceType, resourceName } from '#api/resource.ts';
import {
  FOREGROUND,
  isDeletedWith,
  isOfType,
  ORPHAN,
  type Owner,
  ownersOf,
} from '#controllers/garbage-collector/owners.ts';
import type { KindRoster } from '#controllers/kind-roster.ts';
import {
  type Action,
  type Controller,
  type Lookup,
  type ObjectChange,
  type Read,
  readMetadata,
  type Write,
} from '#reconcile/controller.ts';

/**
 * Garbage collection by owner references (Kubernetes docs, "Garbage Collection", "Owners and Dependents"): one controller
 * for each kind, which deletes its objects when all their owners are gone, and lets its objects that are being deleted
 * wait for their dependents (foreground) or leave them behind (orphan). An owner of a kind that is not in `roster` is
 * presumed to be there. Before anything is deleted, the server is asked whether an owner exists after all.
 */
export function garbageCollectors(roster: KindRoster): Controller[] {
  return roster.types.filter(hasOwners).map((type) => garbageCollector(type, roster));
}

/** The collector of one kind among those of `roster`. */
export function garbageCollector(type: ResourceType, roster: KindRoster): Controller {
  const types = roster.types.filter(hasOwners);
  const writesOf = (other: ResourceType): Write => ({
    type: other,
    verbs: other === type ? ['delete', 'patch'] : ['patch'],
  });
  return {
    name: `garbage-collector-${resourceName(type).replaceAll('.', '-')}`,
    for: type,
    metadataOnly: true,
    wakes: concernsItself,
    reads: types.map((other) => readRelatives(type, other)),
    writes: types.map(writesOf),
    laterKinds: { read: (other) => readRelatives(type, other), write: writesOf },
    plan(snapshot) {
      const { object } = snapshot;
      if (object === undefined) return [];
      const situation: Situation = { lookup: snapshot, roster, type, object };
      return object.metadata.deletionTimestamp === undefined
        ? planDependent(situation)
        : planOwner(situation);
    },
  };
}

const NO_KEYS: readonly string[] = [];

/** Nothing is ever to be done for an object that has no owner and stays. */
function concernsItself({ object }: ObjectChange): boolean {
  return object?.metadata.ownerReferences !== undefined || object?.metadata.deletionTimestamp !== undefined;
}

/** An owner that goes concerns its dependents; a dependent that changes concerns an owner that waits for it. */
function readRelatives(type: ResourceType, other: ResourceType): Read {
  const isOwned = (relative: KubeObject | undefined): boolean =>
    relative?.metadata.ownerReferences?.some((reference) => isOfType(reference, type)) === true;
  const wakes = ({ object, previous }: ObjectChange): boolean =>
    object?.metadata.deletionTimestamp !== undefined ||
    object?.metadata.uid !== (previous ?? object)?.metadata.uid ||
    isOwned(object) ||
    isOwned(previous);
  const concerns = (relative: Pick<KubeObject, 'metadata'>, lookup: Lookup): readonly string[] => {
    const dependents = lookup.list(type, { dependentOn: relative.metadata.uid });
    const concerned =
      dependents.length > 0 && isLeaving(other, { relative, lookup }) ? dependents.map(objectKey) : NO_KEYS;
    return [...concerned, ...waitingOwners(type, { relative, lookup })];
  };
  return readMetadata(other, concerns, wakes);
}

function isLeaving(
  type: ResourceType,
  { relative, lookup }: { relative: Pick<KubeObject, 'metadata'>; lookup: Lookup },
): boolean {
  const { namespace, name, uid } = relative.metadata;
  const now = lookup.get(type, { namespace, name });
  return now?.metadata.uid !== uid || now.metadata.deletionTimestamp !== undefined;
}

function waitingOwners(
  type: ResourceType,
  { relative, lookup }: { relative: Pick<KubeObject, 'metadata'>; lookup: Lookup },
): string[] {
  const references = relative.metadata.ownerReferences ?? [];
  return references.flatMap((reference) => {
    if (!isOfType(reference, type)) return [];
    const { namespace } = relative.metadata;
    const owner = lookup.get(type, { ...(type.namespaced ? { namespace } : {}), name: reference.name });
    return owner?.metadata.deletionTimestamp === undefined ? [] : [objectKey(owner)];
  });
}

interface Situation {
  readonly lookup: Lookup;
  readonly roster: KindRoster;
  readonly type: ResourceType;
  readonly object: KubeObject;
}

/** Events are many, own nothing and expire by themselves: to collect them would cost more than it brings. */
function hasOwners({ group, kind }: ResourceType): boolean {
  return kind !== 'Event' || (group !== '' && group !== 'events.k8s.io');
}

function planDependent(situation: Situation): Action[] {
  const { lookup, roster, object } = situation;
  // Most objects have no owner: nothing else is looked at for them.
  if ((object.metadata.ownerReferences ?? []).length === 0) return [];
  const owners = ownersOf(lookup, { object, types: roster.types.filter(hasOwners) });
  if (owners.length === 0) return [];
  const complaints = owners
    .filter(({ state }) => state === 'elsewhere')
    .map((owner) => complain(situation, owner));
  const waiting = owners.filter(({ state }) => state === 'waiting');
  if (owners.some(({ state }) => state === 'present')) {
    return [...complaints, ...(waiting.length === 0 ? [] : [leaveOwners(situation, waiting)])];
  }
  return waiting.length === 0
    ? [...complaints, ...deleteAbandoned(situation, owners)]
    : deleteBefore(situation, owners);
}

/** None of its owners is there any more. */
function deleteAbandoned({ type, object }: Situation, owners: readonly Owner[]): Action[] {
  const { namespace, name, uid } = object.metadata;
  const names = owners.map(({ reference }) => `${reference.kind} ${reference.name}`).join(', ');
  const why = `its owners are gone: ${names}`;
  return [
    {
      type: 'delete',
      resource: type,
      name: { namespace, name },
      uid,
      unless: identitiesOf(object, owners),
      why,
    },
  ];
}

/** An owner waits for it: it goes first, and after its own dependents. */
function deleteBefore(situation: Situation, owners: readonly Owner[]): Action[] {
  const { type, object } = situation;
  const { namespace, name, uid } = object.metadata;
  const dependents = dependentsOf(situation);
  const isBlocking = object.metadata.ownerReferences?.some(
    ({ blockOwnerDeletion }) => blockOwnerDeletion === true,
  );
  // In a circle each would wait for the next: the first that sees a dependent waiting no longer blocks its owner.
  if (isBlocking === true && dependents.some((each) => isDeletedWith(each.object, FOREGROUND)))
    return [unblockOwners(situation)];
  const absent = owners.filter(({ state }) => state !== 'waiting');
  return [
    {
      type: 'delete',
      resource: type,
      name: { namespace, name },
      uid,
      propagationPolicy: dependents.length === 0 ? 'Background' : 'Foreground',
      unless: identitiesOf(object, absent),
      why: `its owner ${owners.find(({ state }) => state === 'waiting')?.reference.name ?? ''} waits for it to go`,
    },
  ];
}

/** Another owner keeps it: those that wait for their dependents need not wait for this one. */
function leaveOwners({ type, object }: Situation, waiting: readonly Owner[]): Action {
  const left = new Set(waiting.map(({ reference }) => reference.uid));
  const rest = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !left.has(uid));
  return patchMetadata(type, object, { change: { ownerReferences: rest }, why: 'another owner keeps it' });
}

function unblockOwners({ type, object }: Situation): Action {
  const ownerReferences = (object.metadata.ownerReferences ?? []).map((reference) => ({
    ...reference,
    blockOwnerDeletion: false,
  }));
  return patchMetadata(type, object, {
    change: { ownerReferences },
    why: 'its owners and dependents may wait in a circle',
  });
}

function complain({ object }: Situation, { reference }: Owner): Action {
  const where =
    object.metadata.namespace === undefined ? 'cluster scope' : `namespace "${object.metadata.namespace}"`;
  const { apiVersion, kind, name, uid } = reference;
  return {
    type: 'event',
    regarding: object,
    eventType: 'Warning',
    reason: 'OwnerRefInvalidNamespace',
    message: `ownerRef [${apiVersion}/${kind}, name: ${name}, uid: ${uid}] does not exist in ${where}`,
    why: 'an owner must be in the namespace of its dependent',
  };
}

function planOwner(situation: Situation): Action[] {
  const { type, object } = situation;
  if (isDeletedWith(object, ORPHAN)) {
    const patches = dependentsOf(situation).map((dependent) => leaveBehind(dependent, object.metadata.uid));
    return patches.length > 0 ? patches : [dropFinalizer(type, object, ORPHAN)];
  }
  if (!isDeletedWith(object, FOREGROUND)) return [];
  const { uid } = object.metadata;
  const isBlocking = (reference: OwnerReference): boolean =>
    reference.uid === uid && reference.blockOwnerDeletion === true;
  const blocking = dependentsOf(situation).filter((dependent) =>
    dependent.object.metadata.ownerReferences?.some(isBlocking),
  );
  return blocking.length > 0 ? [] : [dropFinalizer(type, object, FOREGROUND)];
}

interface Dependent {
  readonly type: ResourceType;
  readonly object: KubeObject;
}

function dependentsOf({ lookup, roster, object }: Situation): Dependent[] {
  const { uid } = object.metadata;
  return roster.types
    .filter(hasOwners)
    .flatMap((type) =>
      lookup.list(type, { dependentOn: uid }).map((dependent) => ({ type, object: dependent })),
    );
}

function leaveBehind({ type, object }: Dependent, ownerUid: string): Action {
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== ownerUid);
  return patchMetadata(type, object, {
    change: { ownerReferences },
    why: 'its owner is deleted and leaves it behind',
  });
}

function dropFinalizer(type: ResourceType, object: KubeObject, finalizer: string): Action {
  const finalizers = (object.metadata.finalizers ?? []).filter((each) => each !== finalizer);
  return patchMetadata(type, object, {
    change: { finalizers },
    why: `nothing is left that the finalizer ${finalizer} waits for`,
  });
}

function patchMetadata(
  type: ResourceType,
  { metadata }: KubeObject,
  { change, why }: { change: Partial<KubeObject['metadata']>; why: string },
): Action {
  const { namespace, name, resourceVersion } = metadata;
  return {
    type: 'patch',
    resource: type,
    name: { namespace, name },
    patch: { metadata: { resourceVersion, ...change } },
    why,
  };
}

function identitiesOf({ metadata: { namespace } }: KubeObject, owners: readonly Owner[]) {
  return owners.flatMap(({ reference: { name, uid }, type }) =>
    type === undefined
      ? []
      : [{ resource: type, name: { ...(type.namespaced ? { namespace } : {}), name }, uid }],
  );
}
