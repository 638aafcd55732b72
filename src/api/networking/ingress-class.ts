import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkPresent, checkUnchanged } from '#api/field-checks.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `networking.k8s.io/v1.IngressClass`. */
export interface IngressClass extends KubeObject {
  apiVersion: 'networking.k8s.io/v1';
  kind: 'IngressClass';
  spec: IngressClassSpec;
}

/** `networking.k8s.io/v1.IngressClassSpec`. */
export interface IngressClassSpec {
  controller?: string;
  parameters?: IngressClassParametersReference;
}

/** `networking.k8s.io/v1.IngressClassParametersReference`. */
export interface IngressClassParametersReference {
  apiGroup?: string;
  kind: string;
  name: string;
  namespace?: string;
  scope?: string;
}

/** `ingressclasses.networking.k8s.io`. */
export const ingressClassResource: ResourceType<IngressClass> = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  schema: 'networking/v1.IngressClass',
  applyDefaults: ({ spec }) => {
    if (spec.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
  },
  validate: ({ spec }, old) => [
    ...checkPresent('spec.controller', spec.controller),
    ...checkOneOf('spec.parameters.scope', spec.parameters?.scope, ['Cluster', 'Namespace']),
    ...(old === undefined ? [] : checkUnchanged('spec.controller', spec.controller, old.spec.controller)),
  ],
  columns: [
    NAME_COLUMN,
    textColumn('Controller', 'Who serves ingresses of the class.', ({ spec }) => spec.controller ?? ''),
    textColumn('Parameters', 'Further configuration.', ({ spec: { parameters } }) => {
      if (parameters === undefined) return NONE;
      const { apiGroup = '', kind, name } = parameters;
      return apiGroup === '' ? `${kind}/${name}` : `${kind}.${apiGroup}/${name}`;
    }),
    AGE_COLUMN,
  ],
});
