import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import type { Store } from '#store/store.ts';

/** Objects as they stand in the store now: what proves an identity must not be a moment old. */
export interface StoredObjects {
  readonly find: <T extends KubeObject>(
    type: ResourceType<T>,
    name: { readonly namespace?: string | undefined; readonly name: string },
  ) => Promise<T | undefined>;
  /** The revision at which the object was last written; undefined where it is not there. */
  readonly revisionOf: (
    type: ResourceType<never> | ResourceType,
    name: { readonly namespace?: string | undefined; readonly name: string },
  ) => Promise<number | undefined>;
}

/** Reads `store`. */
export function storedObjects(store: Store): StoredObjects {
  return {
    async find<T extends KubeObject>(
      type: ResourceType<T>,
      name: { readonly namespace?: string | undefined; readonly name: string },
    ) {
      const entry = await store.get(objectStoreKey(type as unknown as ResourceType, name));
      return entry === undefined ? undefined : decodeObject<T>(entry.value);
    },
    revisionOf: async (type, name) => (await store.get(objectStoreKey(type as ResourceType, name)))?.revision,
  };
}
