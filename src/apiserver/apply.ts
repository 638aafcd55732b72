import { pruneObject } from '#api/apiextensions/prune-object.ts';
import { applyServerSide } from '#api/apply-server-side.ts';
import { checkFields } from '#api/check-fields.ts';
import type { JsonObject, MutableJsonObject } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { badRequest } from '#api/status.ts';
import { resetFields } from '#apiserver/field-managers.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { createObject } from '#apiserver/rest-create.ts';
import { type CreateOrUpdateRequest, createOrUpdate } from '#apiserver/rest-create-or-update.ts';
import { updateObject } from '#apiserver/rest-update.ts';
import type { Entry } from '#store/store.ts';
import { timestamp } from '#system/clock.ts';

export interface ApplyRequest extends WriteRequest, CreateOrUpdateRequest {
  readonly subresource: string | undefined;
  readonly applied: KubeObject;
  /** Takes fields from other managers instead of answering Conflict. */
  readonly force: boolean;
}

/** Server-side apply: creates what is not there, else merges by field ownership. */
export async function applyServerSideTo(
  context: RestContext,
  type: ResourceType,
  request: ApplyRequest,
): Promise<{ entry: Entry; created: boolean }> {
  const named = request.applied.metadata.name;
  if (named !== undefined && named !== request.name) {
    throw badRequest(
      `the name of the object (${named}) does not match the name on the URL (${request.name})`,
    );
  }
  request.applied.metadata.name = request.name;
  if (type.namespaced && request.namespace !== undefined)
    request.applied.metadata.namespace ??= request.namespace;
  const update = (): Promise<Entry> =>
    updateObject(context, type, {
      ...request,
      managesFields: true,
      change: (live) => merge(context, type, { request, live }),
    });
  if (request.subresource !== undefined) return { entry: await update(), created: false };
  const create = (): Promise<Entry> => {
    const object = merge(context, type, { request, live: undefined });
    return createObject(context, type, { ...request, object, managesFields: true });
  };
  return createOrUpdate(context, type, request, { create, update });
}

/** Empty values are applied, so that whoever applies them owns the fields, and are not kept. */
function dropEmpty(merged: MutableJsonObject, type: ResourceType, { schemas }: RestContext): void {
  const { kind, version } = type;
  checkFields(merged, { schemas, schema: schemas.get(type.schema), kind, version });
}

function merge(
  context: RestContext,
  type: ResourceType,
  { request, live }: { request: ApplyRequest; live: KubeObject | undefined },
): KubeObject {
  const merged = applyServerSide({
    live: live as JsonObject | undefined,
    applied: request.applied as unknown as JsonObject,
    manager: request.fieldManager,
    force: request.force,
    subresource: request.subresource ?? '',
    time: timestamp(context.clock.now()),
    schema: context.schemas.get(type.schema),
    schemas: context.schemas,
    ...resetFields(type, request.subresource),
  });
  if (type.custom === undefined) dropEmpty(merged, type, context);
  else pruneObject(merged, type.custom.schema);
  return merged as unknown as KubeObject;
}
