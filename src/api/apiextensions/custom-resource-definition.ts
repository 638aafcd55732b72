import { defaultDefinition } from '#api/apiextensions/definition-defaults.ts';
import { validateDefinition, validateDefinitionStatus } from '#api/apiextensions/definition-validation.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `apiextensions.k8s.io/v1.CustomResourceDefinition`. */
export interface CustomResourceDefinition extends KubeObject {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  spec: CustomResourceDefinitionSpec;
  status?: CustomResourceDefinitionStatus;
}

/** `apiextensions.k8s.io/v1.CustomResourceDefinitionSpec`. */
export interface CustomResourceDefinitionSpec {
  conversion?: CustomResourceConversion;
  group: string;
  names: CustomResourceDefinitionNames;
  preserveUnknownFields?: boolean;
  scope: 'Namespaced' | 'Cluster';
  versions: CustomResourceDefinitionVersion[];
}

/** `apiextensions.k8s.io/v1.CustomResourceDefinitionNames`. */
export interface CustomResourceDefinitionNames {
  categories?: string[];
  kind: string;
  listKind?: string;
  plural: string;
  shortNames?: string[];
  singular?: string;
}

/** `apiextensions.k8s.io/v1.CustomResourceDefinitionVersion`. */
export interface CustomResourceDefinitionVersion {
  additionalPrinterColumns?: CustomResourceColumnDefinition[];
  deprecated?: boolean;
  deprecationWarning?: string;
  name: string;
  schema?: CustomResourceValidation;
  selectableFields?: SelectableField[];
  served: boolean;
  storage: boolean;
  subresources?: CustomResourceSubresources;
}

/** `apiextensions.k8s.io/v1.CustomResourceValidation`. */
export interface CustomResourceValidation {
  openAPIV3Schema?: JSONSchemaProps;
}

/** `apiextensions.k8s.io/v1.CustomResourceSubresources`. */
export interface CustomResourceSubresources {
  scale?: CustomResourceSubresourceScale;
  status?: unknown;
}

/** `apiextensions.k8s.io/v1.CustomResourceSubresourceScale`. */
export interface CustomResourceSubresourceScale {
  labelSelectorPath?: string;
  specReplicasPath: string;
  statusReplicasPath: string;
}

/** `apiextensions.k8s.io/v1.CustomResourceColumnDefinition`. */
export interface CustomResourceColumnDefinition {
  description?: string;
  format?: string;
  jsonPath: string;
  name: string;
  priority?: number;
  type: string;
}

/** `apiextensions.k8s.io/v1.SelectableField`. */
export interface SelectableField {
  jsonPath: string;
}

/** `apiextensions.k8s.io/v1.CustomResourceConversion`. */
export interface CustomResourceConversion {
  strategy: 'None' | 'Webhook';
  webhook?: WebhookConversion;
}

/** `apiextensions.k8s.io/v1.WebhookConversion`. */
export interface WebhookConversion {
  clientConfig?: WebhookClientConfig;
  conversionReviewVersions: string[];
}

/** `apiextensions.k8s.io/v1.WebhookClientConfig`. */
export interface WebhookClientConfig {
  caBundle?: string;
  service?: ServiceReference;
  url?: string;
}

/** `apiextensions.k8s.io/v1.ServiceReference`. */
export interface ServiceReference {
  name: string;
  namespace: string;
  path?: string;
  port?: number;
}

/** `apiextensions.k8s.io/v1.CustomResourceDefinitionStatus`. */
export interface CustomResourceDefinitionStatus {
  acceptedNames?: CustomResourceDefinitionNames;
  conditions?: CustomResourceDefinitionCondition[];
  observedGeneration?: number;
  storedVersions?: string[];
}

/** `apiextensions.k8s.io/v1.CustomResourceDefinitionCondition`. */
export interface CustomResourceDefinitionCondition {
  lastTransitionTime?: string;
  message?: string;
  observedGeneration?: number;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** What keeps a definition until all objects of its kind are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** Notes every version in which objects may have been stored, as Kubernetes' strategy of the definitions does. */
function rememberStorageVersion(definition: CustomResourceDefinition): void {
  const storage = definition.spec.versions?.find((version) => version.storage);
  const stored = definition.status?.storedVersions ?? [];
  if (storage === undefined || stored.includes(storage.name)) return;
  definition.status = { ...definition.status, storedVersions: [...stored, storage.name] };
}

/** `customresourcedefinitions.apiextensions.k8s.io`. */
export const customResourceDefinitionResource: ResourceType<CustomResourceDefinition> =
  defineResource<CustomResourceDefinition>({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    namespaced: false,
    subresources: ['status'],
    schema: 'apiextensions/v1.CustomResourceDefinition',
    fillsZeros: true,
    applyDefaults: defaultDefinition,
    prepare: rememberStorageVersion,
    validate: validateDefinition,
    validateStatus: validateDefinitionStatus,
    columns: [
      NAME_COLUMN,
      textColumn('Created At', 'When it was made.', ({ metadata }) => metadata.creationTimestamp),
    ],
  });
