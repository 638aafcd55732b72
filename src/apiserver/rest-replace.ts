import { isCreatedByUpdate } from '#api/create-on-update.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { createObject } from '#apiserver/rest-create.ts';
import { type CreateOrUpdateRequest, createOrUpdate } from '#apiserver/rest-create-or-update.ts';
import { updateObject } from '#apiserver/rest-update.ts';
import { assertIdentity } from '#apiserver/server-fields.ts';
import type { Entry } from '#store/store.ts';

/** A new state of one object, whole. */
export interface ReplaceRequest extends WriteRequest, CreateOrUpdateRequest {
  readonly subresource: string | undefined;
  /** The object as the client sent it: a new one at each call. */
  readonly sent: () => KubeObject;
}

/** PUT: replaces the object, and creates it where there is none, if the kind is one of which Kubernetes does so. */
export async function replaceObject(
  context: RestContext,
  type: ResourceType,
  request: ReplaceRequest,
): Promise<{ entry: Entry; created: boolean }> {
  const update = (): Promise<Entry> =>
    updateObject(context, type, { ...request, keepsCurrent: true, change: request.sent });
  if (request.subresource !== undefined || !isCreatedByUpdate(type))
    return { entry: await update(), created: false };
  const create = (): Promise<Entry> => {
    const object = request.sent();
    assertIdentity(object.metadata, type, request);
    // As upstream: of what is not there, any version is the wanted one.
    object.metadata.resourceVersion = '';
    return createObject(context, type, { ...request, object });
  };
  return createOrUpdate(context, type, request, { create, update });
}
