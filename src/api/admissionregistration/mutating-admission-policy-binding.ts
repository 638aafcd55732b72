import {
  defaultMatch,
  formatParamRef,
  validateMatch,
  validateParamRef,
} from '#api/admissionregistration/policy-rules.ts';
import type { MatchResources, ParamRef } from '#api/admissionregistration/rule.ts';
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkRequiredName } from '#api/field-checks.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `admissionregistration.k8s.io/v1.MutatingAdmissionPolicyBinding`. */
export interface MutatingAdmissionPolicyBinding extends KubeObject {
  apiVersion: 'admissionregistration.k8s.io/v1';
  kind: 'MutatingAdmissionPolicyBinding';
  spec: MutatingAdmissionPolicyBindingSpec;
}

/** `admissionregistration.k8s.io/v1.MutatingAdmissionPolicyBindingSpec`. */
export interface MutatingAdmissionPolicyBindingSpec {
  matchResources?: MatchResources;
  paramRef?: ParamRef;
  policyName?: string;
}

/** `mutatingadmissionpolicybindings.admissionregistration.k8s.io`. */
export const mutatingAdmissionPolicyBindingResource: ResourceType<MutatingAdmissionPolicyBinding> =
  defineResource<MutatingAdmissionPolicyBinding>({
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'MutatingAdmissionPolicyBinding',
    plural: 'mutatingadmissionpolicybindings',
    categories: ['api-extensions'],
    namespaced: false,
    schema: 'admissionregistration/v1.MutatingAdmissionPolicyBinding',
    applyDefaults: ({ spec }) => defaultMatch(spec.matchResources),
    fillsZeros: true,
    validate: ({ spec }) => [
      ...checkRequiredName('spec.policyName', spec.policyName, subdomainNameErrors),
      ...validateParamRef('spec.paramRef', spec.paramRef),
      ...validateMatch('spec.matchResources', spec.matchResources, { required: false }),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('PolicyName', 'The policy that is put in force.', ({ spec }) => spec.policyName ?? ''),
      textColumn('ParamRef', 'The parameters that it gets.', ({ spec }) => formatParamRef(spec.paramRef)),
      AGE_COLUMN,
    ],
  });
