import { type ResourceType, resourceName } from '#api/resource.ts';
import type { Status } from '#api/status.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import type { Entry } from '#store/store.ts';

/** Kinds of which a client is answered the object that is gone: the `ReturnDeletedObject` of Kubernetes' registries. */
const ANSWERED_WHOLE: ReadonlySet<string> = new Set([
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
]);

/** What a client is answered of an object that is gone, in place of the object; undefined where that is the answer. */
export function deletionStatus(type: ResourceType, { value }: Entry): Status | undefined {
  if (ANSWERED_WHOLE.has(resourceName(type))) return undefined;
  const { name, uid } = decodeObject(value).metadata;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural, uid },
  };
}
