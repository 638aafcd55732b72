import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.Namespace`. */
export interface Namespace extends KubeObject {
  apiVersion: 'v1';
  kind: 'Namespace';
  spec: NamespaceSpec;
  status?: NamespaceStatus;
}

/** `core/v1.NamespaceSpec`. */
export interface NamespaceSpec {
  finalizers?: string[];
}

/** `core/v1.NamespaceStatus`. */
export interface NamespaceStatus {
  conditions?: NamespaceCondition[];
  phase?: 'Active' | 'Terminating';
}

/** `core/v1.NamespaceCondition`. */
export interface NamespaceCondition {
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** The label that every namespace has, with its own name as value. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** The entry of `spec.finalizers` that stays until the namespace is empty. */
export const NAMESPACE_FINALIZER = 'kubernetes';

/** `namespaces`. */
export const namespaceResource: ResourceType<Namespace> = defineResource<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  subresources: ['status'],
  schema: 'core/v1.Namespace',
  hasGeneration: false,
  nameRule: labelNameErrors,
  applyDefaults: defaultNamespace,
  columns: [
    NAME_COLUMN,
    textColumn(
      'Status',
      'Active, or Terminating while what is in it is deleted.',
      ({ status }) => status?.phase ?? '',
    ),
    AGE_COLUMN,
  ],
  selectableFields: { 'status.phase': ({ status }) => status?.phase ?? '' },
});

function defaultNamespace(namespace: Namespace): void {
  const { metadata, spec } = namespace;
  if (metadata.name !== undefined)
    metadata.labels = { ...metadata.labels, [NAMESPACE_NAME_LABEL]: metadata.name };
  if (metadata.deletionTimestamp === undefined) spec.finalizers ??= [NAMESPACE_FINALIZER];
  namespace.status ??= {};
  namespace.status.phase ??= 'Active';
}
