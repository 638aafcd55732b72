import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { decodeObject, kindPrefix } from '#apiserver/stored-object.ts';
import type { Store, StoreEvent } from '#store/store.ts';

/**
 * All objects of a kind that few of exist and that many requests ask for (limit ranges, priority classes, webhooks): read once,
 * then kept by a watch, so that what was acknowledged by this process is in force for the next request. The objects are shared
 * and must not be changed.
 */
export class StoredKind<T extends KubeObject> {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #objects = new Map<string, T>();
  readonly #namespaces = new Map<string, Map<string, T>>();
  #following: Promise<void> | undefined;
  #version = 0;
  #current = false;

  constructor(store: Store, type: ResourceType<T>) {
    this.#store = store;
    this.#prefix = kindPrefix(type);
  }

  /** Whether {@link ready} would wait. */
  get isReady(): boolean {
    return this.#current;
  }

  /** Resolves once the objects are known: to be awaited before each use, for the watch may have ended. */
  async ready(): Promise<this> {
    if (this.#current) return this;
    this.#following ??= this.#follow().finally(() => {
      this.#following = undefined;
    });
    await this.#following;
    return this;
  }

  /** Rises with each change: what is derived from the objects is still right while it is the same. */
  get version(): number {
    return this.#version;
  }

  /** How many there are. */
  get size(): number {
    return this.#objects.size;
  }

  /** All, or those of a namespace, ordered by name. */
  list(namespace?: string): readonly T[] {
    const objects = namespace === undefined ? this.#objects : this.#namespaces.get(namespace);
    if (objects === undefined || objects.size === 0) return [];
    return [...objects.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Whether there is any in a namespace. */
  hasIn(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }

  get({ namespace, name }: { namespace?: string | undefined; name: string }): T | undefined {
    return this.#objects.get(namespace === undefined ? name : `${namespace}/${name}`);
  }

  async #follow(): Promise<void> {
    const { entries, revision } = await this.#store.list(this.#prefix);
    this.#objects.clear();
    this.#namespaces.clear();
    for (const entry of entries) this.#take(entry.key, decodeObject<T>(entry.value));
    this.#version += 1;
    await this.#store.watch(this.#prefix, revision, {
      events: (batch) => batch.forEach((event) => this.#apply(event)),
      end: () => {
        this.#current = false;
      },
    });
    this.#current = true;
  }

  #apply({ type, key, value }: StoreEvent): void {
    this.#take(key, type === 'delete' ? undefined : decodeObject<T>(value));
    this.#version += 1;
  }

  #take(key: string, object: T | undefined): void {
    const name = key.slice(this.#prefix.length);
    const slash = name.indexOf('/');
    if (object === undefined) this.#objects.delete(name);
    else this.#objects.set(name, object);
    if (slash < 0) return;
    const namespace = name.slice(0, slash);
    const siblings = this.#namespaces.get(namespace) ?? new Map<string, T>();
    if (object === undefined) siblings.delete(name);
    else siblings.set(name, object);
    if (siblings.size === 0) this.#namespaces.delete(namespace);
    else this.#namespaces.set(namespace, siblings);
  }
}
