import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName } from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import { checkFinalizerDomain } from '#api/metadata.ts';
import { labelNameErrors, qualifiedNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

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
  prepare: (namespace, old) => {
    if (old === undefined) keepUntilEmpty(namespace);
  },
  validate: ({ spec }, _old, subresource) => validateFinalizers(spec.finalizers ?? [], subresource),
  validateStatus: validateNamespaceStatus,
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

/** The namespace stays until it is empty, whatever else it is to wait for. */
function keepUntilEmpty({ spec }: Namespace): void {
  if (spec.finalizers?.includes(NAMESPACE_FINALIZER) !== true)
    spec.finalizers = [...(spec.finalizers ?? []), NAMESPACE_FINALIZER];
}

function validateFinalizers(finalizers: readonly string[], subresource: string | undefined): FieldError[] {
  return finalizers.flatMap((finalizer, index) => {
    const field = subresource === 'finalize' ? `spec.finalizers[${index}]` : 'spec.finalizers';
    return [...checkName(field, finalizer, qualifiedNameErrors), ...checkFinalizerDomain(field, finalizer)];
  });
}

/** The phase says nothing but whether the namespace is being deleted. */
function validateNamespaceStatus({ metadata, status }: Namespace): FieldError[] {
  const isDeleted = metadata.deletionTimestamp !== undefined;
  const wanted = isDeleted ? 'Terminating' : 'Active';
  const detail = `may only be '${wanted}' if \`deletionTimestamp\` is ${isDeleted ? 'not ' : ''}empty`;
  const phase = status?.phase ?? 'Active';
  return phase === wanted ? [] : [invalidValue('status.Phase', phase, detail)];
}
