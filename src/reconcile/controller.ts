import type { Draft, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { ObjectName } from '#client/client.ts';
import type { ViewChange, ViewIndex, ViewScope } from '#client/view.ts';

/**
 * A controller is a declaration: what it is called, which kind it is for, what it reads and writes, and a pure function
 * from a snapshot to a plan. The runner (`runner.ts`) calls `plan` for a key whenever the object or anything it reads
 * changed; the executor (`executor.ts`) owns all effects and refuses what is not declared.
 */
export interface Controller<T extends KubeObject = KubeObject> {
  /** Unique, in kebab-case: field manager, event source and log field. */
  readonly name: string;
  /** The kind it reconciles: one key is one object of it. */
  readonly for: ResourceType<T>;
  /** Nothing but the metadata of its objects is looked at; other controllers may still read all of them. */
  readonly metadataOnly?: true;
  /** Whether a change of an object is worth a plan; every change is where absent. */
  readonly wakes?: (change: ObjectChange) => boolean;
  /** Other kinds that `plan` looks at, and which keys a change of one of them concerns. */
  readonly reads: readonly Read[];
  /** What its actions may touch. */
  readonly writes: readonly Write[];
  /**
   * Keys that are worked on at the same time; the runner's own number where absent. 1 where a plan decides for more than
   * its key (the scheduler: two plans must not give the same room away).
   */
  readonly concurrentKeysMax?: number;
  /** Of a controller that deals with all kinds: what it reads and writes of one that came after it was started. */
  readonly laterKinds?: {
    readonly read: (type: ResourceType) => Read;
    readonly write: (type: ResourceType) => Write;
  };
  /** Synchronous, total, without effects. Called again until the world is as it wants it: level, never edge. */
  readonly plan: (snapshot: Snapshot<T>, nowMs: number) => Action[];
}

/** What became of an object: `object` is undefined where it was deleted, `previous` where it is new. */
export type ObjectChange = Pick<ViewChange<KubeObject>, 'object' | 'previous'>;

/** A kind that a controller reads. Built by {@link read}, so that the mapping sees the right type. */
export interface Read {
  readonly type: ResourceType;
  /** As of {@link Controller}. */
  readonly metadataOnly?: true;
  /** Whether a change can concern any key; it may where absent. */
  readonly wakes?: (change: ObjectChange) => boolean;
  /** Keys (`namespace/name` or `name`) of the controller's own kind that a change of this object concerns. */
  readonly concerns: (object: KubeObject, lookup: Lookup) => readonly string[];
}

/** Declares a read. `concerns` gets the object before and after a change, one call each. */
export function read<R extends KubeObject>(
  type: ResourceType<R>,
  concerns: (object: R, lookup: Lookup) => readonly string[],
): Read {
  return { type: type as unknown as ResourceType, concerns: concerns as unknown as Read['concerns'] };
}

/** Declares a read of nothing but metadata. A change for which `wakes` is false concerns no key: asked first, and of each change. */
export function readMetadata(
  type: ResourceType,
  concerns: (object: Pick<KubeObject, 'metadata'>, lookup: Lookup) => readonly string[],
  wakes?: (change: ObjectChange) => boolean,
): Read {
  return { type, concerns, metadataOnly: true, ...(wakes === undefined ? {} : { wakes }) };
}

export interface Write {
  readonly type: ResourceType<never> | ResourceType;
  readonly verbs: readonly (
    | 'create'
    | 'patch'
    | 'patchStatus'
    | 'delete'
    | 'deleteCollection'
    | 'finalize'
    | 'bind'
  )[];
}

/** Read access to the declared kinds, as of now. Objects are shared: never change one. */
export interface Lookup {
  /** All objects of a declared kind, or of one namespace, or of the owner with uid `ownedBy` or `dependentOn`. */
  list<R extends KubeObject>(type: ResourceType<R>, scope?: ViewScope): readonly R[];
  /** What is derived from all objects of a declared kind: for plans that would else go through all of them. */
  index<R extends KubeObject, S>(index: ViewIndex<R, S>): S;
  get<R extends KubeObject>(type: ResourceType<R>, name: ObjectName): R | undefined;
}

export interface Snapshot<T extends KubeObject> extends Lookup {
  readonly name: ObjectName;
  /** The object, or undefined where it is gone. */
  readonly object: T | undefined;
}

/** One certain object, not a namesake of it. */
export interface ObjectIdentity {
  readonly resource: ResourceType<never> | ResourceType;
  readonly name: ObjectName;
  /** Any object of that name where absent. */
  readonly uid?: string;
}

/** One step of a plan. `why` is a sentence for people: `skerry explain` prints it. */
export type Action =
  | {
      readonly type: 'create';
      readonly resource: ResourceType<never> | ResourceType;
      readonly object: Draft;
      readonly why: string;
      /** What else to do where the server refuses it (quota, policy, validation), before the key is tried again. */
      readonly refused?: (message: string) => readonly Action[];
    }
  | {
      /** A JSON merge patch; give `resourceVersion` inside `metadata` to make it conditional. */
      readonly type: 'patch' | 'patchStatus';
      readonly resource: ResourceType<never> | ResourceType;
      readonly name: ObjectName;
      readonly patch: object;
      readonly why: string;
      /** As of `create`. */
      readonly refused?: (message: string) => readonly Action[];
    }
  | {
      /** Only the object of this uid is deleted: a namesake made meanwhile is left alone. */
      readonly type: 'delete';
      readonly resource: ResourceType<never> | ResourceType;
      readonly name: ObjectName;
      readonly uid: string;
      readonly gracePeriodSeconds?: number;
      readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
      /** Left alone while one of these is there: asked of the server, since a view may lag behind that of the object. */
      readonly unless?: readonly ObjectIdentity[];
      readonly why: string;
    }
  /** Deletes every object of a kind in a namespace. */
  | {
      readonly type: 'deleteCollection';
      readonly resource: ResourceType<never> | ResourceType;
      readonly namespace: string;
      readonly why: string;
    }
  /** Lets a terminating namespace go; the server answers Conflict, and the key is tried again, while anything is left in it. */
  | {
      readonly type: 'finalize';
      readonly resource: ResourceType<never> | ResourceType;
      readonly name: ObjectName;
      readonly why: string;
    }
  | {
      readonly type: 'bind';
      readonly pod: ObjectName;
      readonly uid: string;
      readonly node: string;
      readonly why: string;
    }
  | {
      /** An Event that people read; the same one again within minutes is counted, not repeated. */
      readonly type: 'event';
      readonly regarding: KubeObject;
      readonly eventType: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
      readonly why: string;
    }
  /** Plan this key again after a time, if nothing else makes it run before. */
  | { readonly type: 'requeue'; readonly afterMs: number; readonly why: string };

/** Names the `concerns` of a kind whose objects have a controlling owner: that owner, where it is of kind `ownerKind`. */
export function ownerOfKind(ownerKind: string): (object: KubeObject) => readonly string[] {
  return (object) => {
    const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
    if (owner === undefined || owner.kind !== ownerKind) return [];
    const { namespace } = object.metadata;
    return [namespace === undefined ? owner.name : `${namespace}/${owner.name}`];
  };
}
