import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { conflict, StatusError } from '#api/status.ts';
import { decodeTypedBody } from '#apiserver/decode-object.ts';
import { subjectOf } from '#apiserver/encoded-write.ts';
import { type ApiResponse, bytesResponse } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { updateObject } from '#apiserver/rest-update.ts';
import { namespaceFinalizers } from '#apiserver/server-fields.ts';
import { listPrefix } from '#apiserver/stored-object.ts';
import type { ResourceRequest } from '#apiserver/verbs.ts';
import { writeRequestOf } from '#apiserver/write-options.ts';

/**
 * `PUT namespaces/NAME/finalize`: sets the finalizers in the spec; a terminating namespace without any goes. It is refused
 * with Conflict while an object is left in the namespace, so that nothing outlives its namespace.
 */
export async function finalizeNamespace(
  context: RestContext,
  call: ResourceRequest & { readonly name: string; readonly types: readonly ResourceType[] },
): Promise<ApiResponse> {
  if (call.request.method !== 'PUT')
    throw new StatusError(
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
    );
  const { schema, kind, version } = call.type;
  const body = decodeTypedBody<KubeObject>(call.request, { schemas: context.schemas, schema, kind, version });
  const finalizers = namespaceFinalizers(body);
  const entry = await updateObject(context, call.type, {
    ...writeRequestOf(call),
    namespace: undefined,
    name: call.name,
    subresource: 'finalize',
    change: async (current) => {
      if (current.metadata.deletionTimestamp !== undefined && finalizers.length === 0)
        await assertEmpty(context, call);
      const namespace = current as KubeObject & { spec?: object };
      namespace.spec = { ...namespace.spec, finalizers };
      return namespace;
    },
  });
  return bytesResponse(200, [entry.value]);
}

async function assertEmpty(
  context: RestContext,
  call: { readonly name: string; readonly type: ResourceType; readonly types: readonly ResourceType[] },
): Promise<void> {
  const creations = context.creations.of(call.name);
  if (creations > 0)
    throw conflict(subjectOf(call.type, call.name), `${creations} creations in the namespace are under way`);
  for (const type of call.types) {
    if (!type.namespaced) continue;
    const left = await context.store.count(listPrefix(type, call.name));
    if (left > 0)
      throw conflict(subjectOf(call.type, call.name), `${left} ${type.plural} are left in the namespace`);
  }
}
