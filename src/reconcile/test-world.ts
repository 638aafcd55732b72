import { equalJson } from '#api/json.ts';
import { controllerOf, type Draft, type Json, type KubeObject, objectKey } from '#api/object.ts';
import { applyMergePatch } from '#api/patch-merge.ts';
import { apiVersionOf, type ResourceType, resourceName } from '#api/resource.ts';
import { alreadyExists, conflict, notFound } from '#api/status.ts';
import type { ObjectName } from '#client/client.ts';
import type { ViewIndex, ViewScope } from '#client/view.ts';
import type { Action, Controller, Lookup, Snapshot, Write } from '#reconcile/controller.ts';
import { assert } from '#system/assert.ts';
import { timestamp } from '#system/clock.ts';

type AnyType = ResourceType | ResourceType<never>;
type ActionOf<K extends Action['type']> = Extract<Action, { type: K }>;

/** Rounds after which a world that still changes is taken to be going round in a circle. */
const ROUNDS_MAX = 200;

/** 2026-01-01T00:00:00Z, in milliseconds. */
const START_MS = 1_767_225_600_000;

/**
 * For table tests of plans: objects in maps, a clock that stands still until it is moved, and actions applied to them as
 * an API server would, as far as controllers can tell. Not a server: for all else tests take the real one.
 */
export class World {
  nowMs: number;
  /** `Reason message`, in the order in which they were told. */
  readonly events: string[] = [];
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #keysSeen = new Map<string, Set<string>>();
  #revision = 0;

  /** Starts at 2026-01-01T00:00:00Z unless told otherwise. */
  constructor(nowMs = START_MS) {
    this.nowMs = nowMs;
  }

  /** Puts an object there as it is, with what the server would add to its metadata; replaces a namesake. */
  put<T extends KubeObject>(type: ResourceType<T>, draft: Draft<T>): T {
    const old = this.get(type, draft.metadata as ObjectName);
    const metadata = {
      uid: `${type.kind.toLowerCase()}-${draft.metadata.namespace ?? ''}-${draft.metadata.name ?? ''}-${this.#revision}`,
      creationTimestamp: timestamp(this.nowMs),
      ...(type.hasGeneration ? { generation: 1 } : {}),
      ...(old === undefined
        ? {}
        : { uid: old.metadata.uid, creationTimestamp: old.metadata.creationTimestamp }),
      ...draft.metadata,
    };
    const object = copy({
      ...draft,
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata,
    }) as unknown as T;
    type.applyDefaults(object);
    type.prepare?.(object, old as T | undefined);
    return this.#store(type, object);
  }

  /** Merges `patch` into an object, as a user's patch would. */
  patch<T extends KubeObject>(type: ResourceType<T>, name: ObjectName, patch: object): T {
    return this.#patch(type as unknown as ResourceType, { name, patch, status: false }) as T;
  }

  /** Merges `patch` into an object's status. */
  patchStatus<T extends KubeObject>(type: ResourceType<T>, name: ObjectName, status: object): T {
    return this.#patch(type as unknown as ResourceType, { name, patch: { status }, status: true }) as T;
  }

  /** Removes an object at once, whatever finalizers it has. */
  remove(type: AnyType, name: ObjectName): void {
    this.#mapOf(type).delete(objectKey({ metadata: name as { name: string } }));
  }

  get<T extends KubeObject>(type: ResourceType<T>, name: ObjectName): T | undefined {
    return this.#mapOf(type).get(objectKey({ metadata: name as { name: string } })) as T | undefined;
  }

  /** The objects of a kind in the order in which they came. */
  list<T extends KubeObject>(type: ResourceType<T>, scope: ViewScope = {}): T[] {
    const { namespace, ownedBy, dependentOn } = scope;
    return [...this.#mapOf(type).values()].filter(
      ({ metadata }) =>
        (namespace === undefined || metadata.namespace === namespace) &&
        (ownedBy === undefined || controllerOf({ metadata })?.uid === ownedBy) &&
        (dependentOn === undefined ||
          metadata.ownerReferences?.some((owner) => owner.uid === dependentOn) === true),
    ) as T[];
  }

  /** What `controller` would do for a key. The snapshot is frozen: a plan that changes a shared object throws. */
  plan<T extends KubeObject>(controller: Controller<T>, key: string): Action[] {
    const snapshot: Snapshot<T> = {
      ...this.#lookup(controller),
      name: nameOfKey(key),
      object: this.get(controller.for, nameOfKey(key)),
    };
    return controller.plan(snapshot, this.nowMs);
  }

  /** Plans a key and applies the actions; returns them. */
  step<T extends KubeObject>(controller: Controller<T>, key: string): Action[] {
    const actions = this.plan(controller, key);
    for (const action of actions) this.apply(controller, action);
    return actions;
  }

  /** Plans and applies every key of every controller until none has anything to do but wait. */
  settle(...controllers: Controller<never>[]): void {
    for (let round = 0; round < ROUNDS_MAX; round += 1) if (!this.#round(controllers)) return;
    throw new Error(`the world had not settled after ${ROUNDS_MAX} rounds`);
  }

  /** Applies one action. Undeclared writes throw. */
  apply(controller: { readonly name: string; readonly writes: readonly Write[] }, action: Action): void {
    if (action.type === 'requeue') return;
    if (action.type === 'event') {
      this.events.push(`${action.reason} ${action.message}`);
      return;
    }
    const target = action.type === 'bind' ? 'pods' : resourceName(action.resource);
    const declared = controller.writes.some(
      (w) => resourceName(w.type) === target && w.verbs.includes(action.type),
    );
    assert(declared, `controller ${controller.name} did not declare that it may ${action.type} ${target}`);
    this.#write(action);
  }

  #write(action: Exclude<Action, { type: 'event' | 'requeue' }>): void {
    switch (action.type) {
      case 'create':
        return this.#create(action);
      case 'patch':
      case 'patchStatus': {
        const { name, patch } = action;
        this.#patch(action.resource as ResourceType, { name, patch, status: action.type === 'patchStatus' });
        return;
      }
      case 'delete':
        return this.#delete(action);
      case 'deleteCollection':
        for (const { metadata } of this.list(action.resource as ResourceType, {
          namespace: action.namespace,
        })) {
          this.#terminate(action.resource, { name: metadata });
        }
        return;
      case 'finalize':
        return this.remove(action.resource, action.name);
      case 'bind':
        this.#bind(action);
    }
  }

  #round(controllers: Controller<never>[]): boolean {
    let changed = false;
    for (const controller of controllers) {
      const type = controller.for as unknown as ResourceType;
      for (const key of this.#keysSeen.get(resourceName(type)) ?? []) {
        const actions = this.step(controller as unknown as Controller, key);
        if (actions.some(({ type }) => type !== 'requeue' && type !== 'event')) changed = true;
      }
    }
    return changed;
  }

  #create(action: ActionOf<'create'>): void {
    const { resource, object } = action;
    assert(object.metadata.name !== undefined, 'a created object has a name');
    if (this.get(resource as ResourceType, object.metadata as ObjectName) !== undefined) {
      throw alreadyExists({ resource: resource.plural, group: resource.group, name: object.metadata.name });
    }
    this.put(resource as ResourceType, object);
  }

  #patch(type: ResourceType, change: { name: ObjectName; patch: object; status: boolean }): KubeObject {
    const { name, patch, status } = change;
    const old = this.get(type, name) as (KubeObject & { status?: unknown }) | undefined;
    if (old === undefined) throw notFound({ resource: type.plural, group: type.group, name: name.name });
    const wanted = (patch as Partial<KubeObject>).metadata?.resourceVersion;
    if (wanted !== undefined && wanted !== old.metadata.resourceVersion) {
      throw conflict(
        { resource: type.plural, group: type.group, name: name.name },
        'the object has been modified',
      );
    }
    const merged = applyMergePatch(json(old), json(patch)) as unknown as KubeObject & { status?: unknown };
    const next = status ? { ...copy(old), status: merged.status } : { ...merged, status: old.status };
    if (next.status === undefined) delete next.status;
    type.applyDefaults(next);
    if (equalJson(json(next), json(old))) return old;
    if (type.hasGeneration && !equalJson(contentOf(next), contentOf(old))) {
      next.metadata = { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 };
    }
    this.#store(type, next);
    this.#finish(type, name);
    return next;
  }

  #delete({ resource, name, uid, gracePeriodSeconds, propagationPolicy, unless }: ActionOf<'delete'>): void {
    const isThere = unless?.some((identity) => {
      const found = this.get(identity.resource as ResourceType, identity.name);
      return found !== undefined && (identity.uid === undefined || identity.uid === found.metadata.uid);
    });
    if (isThere === true || this.get(resource as ResourceType, name)?.metadata.uid !== uid) return;
    this.#terminate(resource, { name, gracePeriodSeconds, propagationPolicy });
  }

  #terminate(
    type: AnyType,
    how: {
      name: ObjectName;
      gracePeriodSeconds?: number | undefined;
      propagationPolicy?: string | undefined;
    },
  ): void {
    const object = this.get(type as ResourceType, how.name) as KubeObject & { spec?: { nodeName?: string } };
    const finalizer = { Foreground: 'foregroundDeletion', Orphan: 'orphan' }[how.propagationPolicy ?? ''];
    const finalizers = [
      ...(object.metadata.finalizers ?? []),
      ...(finalizer === undefined ? [] : [finalizer]),
    ];
    const isGraceful =
      type.kind === 'Pod' && object.spec?.nodeName !== undefined && how.gracePeriodSeconds !== 0;
    const deletionTimestamp =
      object.metadata.deletionTimestamp ?? timestamp(this.nowMs + (isGraceful ? 30_000 : 0));
    const metadata = {
      ...object.metadata,
      deletionTimestamp,
      ...(finalizers.length === 0 ? {} : { finalizers }),
    };
    if (isGraceful || finalizers.length > 0) this.#store(type, { ...object, metadata });
    else this.remove(type, how.name);
  }

  /** A terminating object that lost its last finalizer is gone. */
  #finish(type: ResourceType, name: ObjectName): void {
    const object = this.get(type, name);
    const isWaiting =
      type.kind === 'Pod' || type.kind === 'Namespace' || (object?.metadata.finalizers?.length ?? 0) > 0;
    if (object?.metadata.deletionTimestamp !== undefined && !isWaiting) this.remove(type, name);
  }

  #bind({ pod: name, node }: ActionOf<'bind'>): void {
    const pods = this.#mapOf({ group: '', plural: 'pods' });
    const pod = pods.get(objectKey({ metadata: name as { name: string } })) as
      | (KubeObject & { spec: object })
      | undefined;
    if (pod === undefined) return;
    this.#revision += 1;
    const metadata = { ...pod.metadata, resourceVersion: String(this.#revision) };
    pods.set(
      objectKey(pod),
      freeze({ ...pod, metadata, spec: { ...pod.spec, nodeName: node } } as KubeObject),
    );
  }

  #store<T extends KubeObject>(type: AnyType, object: T): T {
    this.#revision += 1;
    const stored = copy({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#revision) },
    });
    const key = objectKey(stored);
    this.#mapOf(type).set(key, freeze(stored));
    const name = resourceName(type);
    this.#keysSeen.set(name, (this.#keysSeen.get(name) ?? new Set()).add(key));
    return stored;
  }

  #mapOf(type: { group: string; plural: string }): Map<string, KubeObject> {
    const name = resourceName(type);
    const map = this.#objects.get(name) ?? new Map<string, KubeObject>();
    this.#objects.set(name, map);
    return map;
  }

  #lookup(controller: Controller<never>): Lookup {
    const declared = new Set(
      [controller.for, ...controller.reads.map((each) => each.type)].map(resourceName),
    );
    const check = (type: AnyType): void =>
      assert(
        declared.has(resourceName(type)),
        `${controller.name} did not declare that it reads ${resourceName(type)}`,
      );
    return {
      list: (type, scope) => {
        check(type);
        return this.list(type, scope);
      },
      get: (type, name) => {
        check(type);
        return this.get(type, name);
      },
      index: (index) => {
        check(index.type);
        return this.#index(index);
      },
    };
  }

  /** Folded anew each time: what the view keeps up to date must come to the same. */
  #index<R extends KubeObject, S>(index: ViewIndex<R, S>): S {
    const state = index.create();
    for (const object of this.list(index.type)) {
      index.take(state, { key: objectKey(object), object, previous: undefined });
    }
    return state;
  }
}

function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash > 0 ? { namespace: key.slice(0, slash), name: key.slice(slash + 1) } : { name: key };
}

function json(value: object): { readonly [key: string]: Json } {
  return value as { readonly [key: string]: Json };
}

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** All that raises an object's generation. */
function contentOf(object: KubeObject & { status?: unknown }): { readonly [key: string]: Json } {
  const { metadata: _metadata, status: _status, ...content } = object;
  return json(content);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) freeze(each);
  }
  return value;
}
