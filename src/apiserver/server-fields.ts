import type { KubeObject, ObjectMeta } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { badRequest, conflict, otherNamespace } from '#api/status.ts';
import { subjectOf } from '#apiserver/encoded-write.ts';
import type { UpdateRequest } from '#apiserver/rest-update.ts';

/** What no client writes: identity, dates, and the half (spec or status) that this request is not about. */
export function keepServerFields(
  type: ResourceType,
  {
    request,
    old,
    next,
  }: { readonly request: UpdateRequest; readonly old: KubeObject; readonly next: KubeObject },
): void {
  const { metadata } = next;
  assertIdentity(metadata, type, old.metadata);
  if (metadata.namespace && metadata.namespace !== old.metadata.namespace) throw otherNamespace();
  next.apiVersion = apiVersionOf(type);
  next.kind = type.kind;
  metadata.name = old.metadata.name;
  // Where the client demands no certain state, the current one is it.
  metadata.resourceVersion = old.metadata.resourceVersion;
  metadata.uid = old.metadata.uid;
  metadata.creationTimestamp = old.metadata.creationTimestamp;
  copyOrDelete(metadata, old.metadata, [
    'namespace',
    'generateName',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
  ]);
  const halves = next as { spec?: unknown; status?: unknown };
  const oldHalves = old as { spec?: unknown; status?: unknown };
  if (request.subresource === 'status' || request.subresource === 'approval') {
    const { status } = halves;
    for (const field of Object.keys(next))
      if (field !== 'metadata') delete (next as unknown as Record<string, unknown>)[field];
    Object.assign(next, old, { metadata });
    if (status === undefined) delete halves.status;
    else halves.status = status;
    copyOrDelete(metadata, old.metadata, ['ownerReferences']);
    if (type.custom !== undefined)
      copyOrDelete(metadata, old.metadata, ['labels', 'annotations', 'finalizers']);
  } else if (type.subresources.includes('status') && request.subresource !== 'binding') {
    if (oldHalves.status === undefined) delete halves.status;
    else halves.status = oldHalves.status;
  }
  // As in Kubernetes, whatever else such a request changes of the spec is passed over.
  if (request.subresource === 'ephemeralcontainers') halves.spec = withEphemeralContainers(next, old);
  if (isNamespace(type) && request.subresource !== 'finalize')
    halves.spec = { ...(halves.spec as object | undefined), finalizers: namespaceFinalizers(old) };
}

/** Throws where what was sent for an object has another name, none, or the uid of another one; `uid` is absent where there is none. */
export function assertIdentity(
  sent: ObjectMeta,
  type: ResourceType,
  { name, uid = '' }: { readonly name: string; readonly uid?: string },
): void {
  if (sent.name === undefined || sent.name === '')
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  if (sent.name !== name)
    throw badRequest(`the name of the object (${sent.name}) does not match the name on the URL (${name})`);
  if (sent.uid !== undefined && sent.uid !== '' && sent.uid !== uid)
    throw conflict(
      subjectOf(type, name),
      `Precondition failed: UID in precondition: ${sent.uid}, UID in object meta: ${uid}`,
    );
}

function withEphemeralContainers(next: KubeObject, old: KubeObject): unknown {
  const { spec } = next as KubeObject & { spec?: { ephemeralContainers?: unknown } };
  const { spec: kept } = old as KubeObject & { spec?: object };
  const { ephemeralContainers: _, ...others } = { ...kept } as { ephemeralContainers?: unknown };
  const wanted = spec?.ephemeralContainers;
  return wanted === undefined ? others : { ...others, ephemeralContainers: wanted };
}

/** Whether a kind is that of namespaces. */
export function isNamespace(type: ResourceType): boolean {
  return type.group === '' && type.kind === 'Namespace';
}

function copyOrDelete<T extends object>(target: T, source: T, fields: readonly (keyof T)[]): void {
  for (const field of fields) {
    if (source[field] === undefined) delete target[field];
    else target[field] = source[field];
  }
}

/** The finalizers in a namespace's spec. */
export function namespaceFinalizers(namespace: KubeObject): readonly string[] {
  return (namespace as KubeObject & { spec?: { finalizers?: string[] } }).spec?.finalizers ?? [];
}
