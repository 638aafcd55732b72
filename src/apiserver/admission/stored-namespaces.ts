import { type Namespace, namespaceResource } from '#api/core/namespace.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import type { Store } from '#store/store.ts';

/** Decoded namespaces that are kept; at it all are forgotten and decoded anew. */
const NAMESPACES_KEPT_MAX = 4096;

/** Namespaces as they are stored at the moment of asking, each decoded once for each of its revisions. Shared: not to be changed. */
export class StoredNamespaces {
  readonly #store: Store;
  readonly #known = new Map<string, { readonly revision: number; readonly namespace: Namespace }>();

  constructor(store: Store) {
    this.#store = store;
  }

  async get(name: string): Promise<Namespace | undefined> {
    const entry = await this.#store.get(objectStoreKey(namespaceResource, { name }));
    if (entry === undefined) {
      this.#known.delete(name);
      return undefined;
    }
    const known = this.#known.get(name);
    if (known?.revision === entry.revision) return known.namespace;
    if (this.#known.size >= NAMESPACES_KEPT_MAX) this.#known.clear();
    const namespace = decodeObject<Namespace>(entry.value);
    this.#known.set(name, { revision: entry.revision, namespace });
    return namespace;
  }
}
