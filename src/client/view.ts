import type { KubeObject } from '#api/object.ts';
import { controllerOf, objectKey } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { isStatus } from '#api/status.ts';
import type { Client, ListScope, WatchEvent } from '#client/client.ts';
import { assert } from '#system/assert.ts';
import { createBackoff } from '#system/backoff.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** A change that a view has taken in: `object` is undefined where it was deleted, `previous` where it is new. */
export interface ViewChange<T extends KubeObject> {
  readonly key: string;
  readonly object: T | undefined;
  readonly previous: T | undefined;
}

/**
 * Something derived from all objects of a kind and kept current change by change, so that a reader need not go through
 * all of them: sums per host, objects by label. Depends on the objects only, not on the order in which they came.
 */
export interface ViewIndex<T extends KubeObject, S> {
  readonly type: ResourceType<T>;
  readonly create: () => S;
  /** Takes a change into `state`, in place. */
  readonly take: (state: S, change: ViewChange<T>) => void;
}

/** Which objects of a view; at most one of them is given. */
export interface ViewScope {
  readonly namespace?: string | undefined;
  readonly ownedBy?: string;
  readonly dependentOn?: string;
}

export interface ViewOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope?: ListScope;
  /** A kind that the server does not know has no objects: for kinds that come and go. */
  readonly mayBeUnknown?: boolean;
}

/** First and longest wait between attempts to list again, in milliseconds. */
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 30_000;

/**
 * All objects of one kind (or of a scope of it, or their metadata), kept current by list and watch, without their `managedFields`. Objects are
 * shared by all readers and must not be changed; beyond its metadata, one is parsed when first looked at. Reads are of the last state taken in: level, never edge.
 */
export class View<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly #client: Client;
  readonly #options: ViewOptions;
  readonly #objects = new Map<string, T>();
  /** Keys by the uid of each of their owners, controlling or not. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #indexes = new Map<unknown, { state: unknown; take: (change: ViewChange<T>) => void }>();
  readonly #listeners = new Set<(change: ViewChange<T>) => void>();
  #waiting: { revision: number; resolve: () => void }[] = [];
  #revision = -1;
  #scope: ListScope;
  #running = false;

  constructor(client: Client, type: ResourceType<T>, options: ViewOptions) {
    this.#client = client;
    this.type = type;
    this.#options = options;
    this.#scope = { ...options.scope, lazy: true };
  }

  /** Whole objects from now on, also where its scope was their metadata. Only before {@link run}. */
  holdWhole(): void {
    if (this.#scope.metadataOnly !== true) return;
    assert(!this.#running, `the view of ${this.type.kind} runs with metadata alone`);
    this.#scope = { ...this.#scope, metadataOnly: false };
  }

  /** Whether the first list is in. */
  get synced(): boolean {
    return this.#revision >= 0;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  /**
   * Every object, or those of one namespace, or those controlled by one owner (`ownedBy`), or those with an owner, be it
   * controlling or not (`dependentOn`); in no particular order.
   */
  list(scope: ViewScope = {}): T[] {
    const { ownedBy, dependentOn } = scope;
    if (ownedBy !== undefined) {
      return this.#resolve(this.#dependents.get(ownedBy)).filter(
        (object) => controllerOf(object)?.uid === ownedBy,
      );
    }
    if (dependentOn !== undefined) return this.#resolve(this.#dependents.get(dependentOn));
    if (scope.namespace !== undefined) return this.#resolve(this.#byNamespace.get(scope.namespace));
    return [...this.#objects.values()];
  }

  /** The state of `index` as of now: built at the first call, kept current since. Not to be changed by the caller. */
  index<S>(index: ViewIndex<T, S>): S {
    const existing = this.#indexes.get(index);
    if (existing !== undefined) return existing.state as S;
    const state = index.create();
    for (const [key, object] of this.#objects) index.take(state, { key, object, previous: undefined });
    this.#indexes.set(index, { state, take: (change) => index.take(state, change) });
    return state;
  }

  /** Calls `listener` after each change; the returned function ends that. */
  subscribe(listener: (change: ViewChange<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once the view has taken in everything up to `resourceVersion`: how a writer reads its own writes. */
  caughtUp(resourceVersion: string): Promise<void> {
    const revision = Number(resourceVersion);
    if (this.#revision >= revision) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ revision, resolve });
    });
  }

  /** Lists and watches until `signal` aborts; after a failure again, with backoff. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    const backoff = createBackoff(random, { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
    let resumable = false;
    this.#running = true;
    while (!signal.aborted) {
      try {
        if (!resumable) await this.#relist();
        resumable = true;
        await this.#follow(signal, () => backoff.reset());
      } catch (error) {
        if (signal.aborted) return;
        if (isUnknownRevision(error) || isStatus(error, 'NotFound')) resumable = false;
        log.debug('a view lost its watch', { kind: this.type.kind, error });
      }
      await pause(clock, backoff.next(), signal);
    }
  }

  async #relist(): Promise<void> {
    const { items, resourceVersion } = await this.#listOrNothing();
    const listed = new Set(items.map(objectKey));
    for (const [key, object] of this.#objects) if (!listed.has(key)) this.#take(key, undefined, object);
    for (const item of items) {
      const key = objectKey(item);
      const previous = this.#objects.get(key);
      if (previous?.metadata.resourceVersion !== item.metadata.resourceVersion)
        this.#take(key, item, previous);
    }
    // A server that was restored may be behind what this view has seen.
    this.#revision = Math.min(this.#revision, Number(resourceVersion));
    this.#advance(Number(resourceVersion));
  }

  async #listOrNothing(): Promise<{ items: T[]; resourceVersion: string }> {
    try {
      return await this.#client.list(this.type, this.#scope);
    } catch (error) {
      if (this.#options.mayBeUnknown !== true || !isStatus(error, 'NotFound')) throw error;
      for (const [key, object] of this.#objects) this.#take(key, undefined, object);
      throw error;
    }
  }

  async #follow(signal: AbortSignal, onEvent: () => void): Promise<void> {
    const options = { ...this.#scope, resourceVersion: String(this.#revision), signal };
    for await (const event of this.#client.watch(this.type, options)) {
      onEvent();
      this.#apply(event);
    }
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') return this.#advance(Number(event.resourceVersion));
    const key = objectKey(event.object);
    this.#take(key, event.type === 'DELETED' ? undefined : event.object, this.#objects.get(key));
    this.#advance(Number(event.object.metadata.resourceVersion));
  }

  #take(key: string, object: T | undefined, previous: T | undefined): void {
    // Who owns which field is for the server: it is the larger half of many objects. Not every server leaves it out.
    if (object?.metadata.managedFields !== undefined) delete object.metadata.managedFields;
    if (previous !== undefined) this.#unindex(key, previous);
    if (object === undefined) this.#objects.delete(key);
    else {
      this.#objects.set(key, object);
      this.#index(key, object);
    }
    const change = { key, object, previous };
    for (const index of this.#indexes.values()) index.take(change);
    for (const listener of this.#listeners) listener(change);
  }

  #index(key: string, object: T): void {
    addTo(this.#byNamespace, object.metadata.namespace ?? '', key);
    for (const owner of object.metadata.ownerReferences ?? []) addTo(this.#dependents, owner.uid, key);
  }

  #unindex(key: string, object: T): void {
    removeFrom(this.#byNamespace, object.metadata.namespace ?? '', key);
    for (const owner of object.metadata.ownerReferences ?? []) removeFrom(this.#dependents, owner.uid, key);
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    if (this.#waiting.length === 0) return;
    const reached = this.#waiting.filter((waiter) => waiter.revision <= revision);
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision);
    for (const waiter of reached) waiter.resolve();
  }

  #resolve(keys: Set<string> | undefined): T[] {
    const found: T[] = [];
    if (keys === undefined) return found;
    for (const key of keys) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }
}

/** Whether a server cannot go on from a revision: it has forgotten it, or has not come to it. */
function isUnknownRevision(error: unknown): boolean {
  return isStatus(error, 'Expired') || isStatus(error, 'Gone') || isStatus(error, 'Timeout');
}

function addTo(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  if (keys === undefined) index.set(value, new Set([key]));
  else keys.add(key);
}

function removeFrom(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(value);
}
