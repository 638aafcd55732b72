import {
  defaultMatch,
  formatParamRef,
  validateMatch,
  validateParamRef,
} from '#api/admissionregistration/policy-rules.ts';
import type { MatchResources, ParamRef } from '#api/admissionregistration/rule.ts';
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkPresent, checkRequiredName, checkUnique } from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `admissionregistration.k8s.io/v1.ValidatingAdmissionPolicyBinding`. */
export interface ValidatingAdmissionPolicyBinding extends KubeObject {
  apiVersion: 'admissionregistration.k8s.io/v1';
  kind: 'ValidatingAdmissionPolicyBinding';
  spec: ValidatingAdmissionPolicyBindingSpec;
}

/** `admissionregistration.k8s.io/v1.ValidatingAdmissionPolicyBindingSpec`. */
export interface ValidatingAdmissionPolicyBindingSpec {
  matchResources?: MatchResources;
  paramRef?: ParamRef;
  policyName: string;
  validationActions: Array<'Deny' | 'Warn' | 'Audit'>;
}

/** `validatingadmissionpolicybindings.admissionregistration.k8s.io`. */
export const validatingAdmissionPolicyBindingResource: ResourceType<ValidatingAdmissionPolicyBinding> =
  defineResource<ValidatingAdmissionPolicyBinding>({
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    plural: 'validatingadmissionpolicybindings',
    categories: ['api-extensions'],
    namespaced: false,
    schema: 'admissionregistration/v1.ValidatingAdmissionPolicyBinding',
    applyDefaults: ({ spec }) => defaultMatch(spec.matchResources),
    fillsZeros: true,
    validate: ({ spec }) => [
      ...checkRequiredName('spec.policyName', spec.policyName, subdomainNameErrors),
      ...validateParamRef('spec.paramRef', spec.paramRef),
      ...validateMatch('spec.matchResources', spec.matchResources, { required: false }),
      ...validateActions('spec.validationActions', spec.validationActions ?? []),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('PolicyName', 'The policy that is put in force.', ({ spec }) => spec.policyName ?? ''),
      textColumn('ParamRef', 'The parameters that it gets.', ({ spec }) => formatParamRef(spec.paramRef)),
      AGE_COLUMN,
    ],
  });

const DENY_AND_WARN =
  'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';

function validateActions(field: string, actions: readonly string[]): FieldError[] {
  const fieldOf = (index: number): string => `${field}[${index}]`;
  const isTold = actions.includes('Deny') && actions.includes('Warn');
  return [
    ...actions.flatMap((action, index) => checkOneOf(fieldOf(index), action, ['Audit', 'Deny', 'Warn'])),
    ...checkUnique(actions, fieldOf),
    ...(isTold ? [invalidValue(field, actions, DENY_AND_WARN)] : []),
    ...checkPresent(field, actions, 'at least one validation action is required'),
  ];
}
