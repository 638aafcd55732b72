import type { Namespace } from '#api/core/namespace.ts';
import { forbidden, notFound } from '#api/status.ts';
import type { AdmissionPlugin } from '#apiserver/admission.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import type { Store } from '#store/store.ts';

/** Namespaces that the system itself lives in: never deleted. */
const IMMORTAL_NAMESPACES = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** Kubernetes' NamespaceLifecycle: nothing is made in a namespace that is not there, or that is going. */
export function namespaceLifecycle(store: Store): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: ({ operation, type }) =>
      (operation === 'create' && type.namespaced) || (operation === 'delete' && type.plural === 'namespaces'),
    async admit({ operation, type, object }) {
      if (operation === 'delete') return assertMortal(object.metadata.name);
      const namespace = object.metadata.namespace ?? '';
      const entry = await store.get(`/registry/core/namespaces/${namespace}`);
      if (entry === undefined) throw notFound({ resource: 'namespaces', name: namespace });
      if (decodeObject<Namespace>(entry.value).metadata.deletionTimestamp === undefined) return;
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw forbidden({ resource: type.plural, group: type.group, name: object.metadata.name }, why);
    },
  };
}

function assertMortal(name: string): void {
  if (IMMORTAL_NAMESPACES.has(name))
    throw forbidden({ resource: 'namespaces', name }, 'this namespace may not be deleted');
}
