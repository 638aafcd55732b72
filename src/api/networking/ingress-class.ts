import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkDomainPrefixedPath, checkName, checkOneOf, checkUnchanged } from '#api/field-checks.ts';
import { forbiddenField, requiredValue, tooLong } from '#api/field-errors.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import { checkTypedReference } from '#api/networking/local-reference.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

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
/** The longest name of a controller, in bytes; a longer one is refused. */
const CONTROLLER_BYTES_MAX = 250;

export const ingressClassResource: ResourceType<IngressClass> = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  schema: 'networking/v1.IngressClass',
  fillsZeros: true,
  applyDefaults: ({ spec }) => {
    if (spec.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
  },
  validate: ({ spec }, old) => [
    ...(old === undefined ? [] : checkUnchanged('spec.controller', spec.controller, old.spec.controller)),
    ...((spec.controller ?? '').length > CONTROLLER_BYTES_MAX
      ? [tooLong('spec.controller', CONTROLLER_BYTES_MAX)]
      : []),
    ...checkDomainPrefixedPath('spec.controller', spec.controller),
    ...(spec.parameters === undefined ? [] : validateParameters(spec.parameters)),
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

function validateParameters(parameters: IngressClassParametersReference): FieldError[] {
  const { scope, namespace } = parameters;
  const field = 'spec.parameters';
  const errors = [
    ...checkTypedReference(field, parameters),
    ...checkOneOf(`${field}.scope`, scope, ['Cluster', 'Namespace']),
  ];
  if (scope === 'Cluster' && namespace !== undefined)
    return [...errors, forbiddenField(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'")];
  if (scope !== 'Namespace') return errors;
  return namespace === undefined
    ? [...errors, requiredValue(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'")]
    : [...errors, ...checkName(`${field}.namespace`, namespace, labelNameErrors)];
}
