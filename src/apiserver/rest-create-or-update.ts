import type { ResourceType } from '#api/resource.ts';
import { isStatus } from '#api/status.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { objectStoreKey } from '#apiserver/stored-object.ts';
import type { Entry } from '#store/store.ts';

/** One object that a request creates where there is none, and changes where there is one. */
export interface CreateOrUpdateRequest {
  readonly namespace: string | undefined;
  readonly name: string;
  /** Throws where the user may not create the object: the verb of the request does not allow that by itself. */
  readonly assertMayCreate: () => void;
}

/** Does one of the two, also where another client creates the object meanwhile. */
export async function createOrUpdate(
  context: RestContext,
  type: ResourceType,
  request: CreateOrUpdateRequest,
  { create, update }: { readonly create: () => Promise<Entry>; readonly update: () => Promise<Entry> },
): Promise<{ entry: Entry; created: boolean }> {
  const isThere = (await context.store.get(objectStoreKey(type, request))) !== undefined;
  if (isThere) return { entry: await update(), created: false };
  request.assertMayCreate();
  try {
    return { entry: await create(), created: true };
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error;
    return { entry: await update(), created: false };
  }
}
