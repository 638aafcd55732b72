import { apiVersionOf } from '#api/resource.ts';
import type { Status } from '#api/status.ts';
import type { AdmissionRequest } from '#apiserver/admission/plugin.ts';

/** `admission.k8s.io/v1.AdmissionResponse`, as far as it is read. */
export interface AdmissionResponse {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: {
    readonly message?: string;
    readonly reason?: string;
    readonly code?: number;
    readonly details?: NonNullable<Status['details']>;
  };
  readonly patch?: string;
  readonly patchType?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

/** The request of an `admission.k8s.io/v1.AdmissionReview`. */
export function reviewOf(request: AdmissionRequest, uid: string): object {
  const { type, operation, user, object, old, subresource, name, namespace } = request;
  const kind = { group: request.kind.group, version: request.kind.version, kind: request.kind.kind };
  const resource = { group: type.group, version: type.version, resource: type.plural };
  const deleted = operation === 'delete';
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind,
      resource,
      ...(subresource === undefined ? {} : { subResource: subresource }),
      requestKind: kind,
      requestResource: resource,
      ...(subresource === undefined ? {} : { requestSubResource: subresource }),
      ...(name === '' ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      operation: operation.toUpperCase(),
      userInfo: {
        username: user.name,
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        groups: user.groups,
        ...(user.extra === undefined ? {} : { extra: user.extra }),
      },
      object: deleted ? null : object,
      oldObject: old ?? null,
      dryRun: request.dryRun,
      options: optionsOf(request),
    },
  };
}

function optionsOf({ operation, deleteOptions, dryRun, fieldManager }: AdmissionRequest): object | null {
  if (operation === 'connect') return null;
  const kind = { create: 'CreateOptions', update: 'UpdateOptions', delete: 'DeleteOptions' }[operation];
  const options = {
    kind,
    apiVersion: apiVersionOf({ group: 'meta.k8s.io', version: 'v1' }),
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
  return operation === 'delete' ? { ...deleteOptions, ...options } : { ...options, fieldManager };
}

/** Reads an answer. Throws an Error that says what is wrong with it, in Kubernetes' words. */
export function readAnswer(
  review: unknown,
  { uid, mayPatch }: { readonly uid: string; readonly mayPatch: boolean },
): AdmissionResponse {
  const { response, apiVersion, kind } = (review ?? {}) as {
    kind?: unknown;
    apiVersion?: unknown;
    response?: AdmissionResponse;
  };
  if (typeof response !== 'object' || response === null) throw new Error('webhook response was absent');
  if (response.uid !== uid) throw new Error(`expected response.uid="${uid}", got "${response.uid ?? ''}"`);
  if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1')
    throw new Error(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${shownVersion(apiVersion)}, Kind=${String(kind ?? '')}`,
    );
  const { patch = '', patchType } = response;
  if (!mayPatch && patch !== '') throw new Error('validating webhook may not return response.patch');
  if (!mayPatch && patchType !== undefined)
    throw new Error('validating webhook may not return response.patchType');
  if (patch !== '' && patchType === undefined)
    throw new Error('webhook returned response.patch but not response.patchType');
  if (patch === '' && patchType !== undefined)
    throw new Error('webhook returned response.patchType but not response.patch');
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
  return response;
}

/** `GROUP/VERSION`, also where there is no group. */
function shownVersion(apiVersion: unknown): string {
  const text = typeof apiVersion === 'string' ? apiVersion : '';
  return text.includes('/') ? text : `/${text}`;
}
