import { isDeepStrictEqual } from 'node:util';
import {
  checkExpression,
  validateMatchConditions,
  validateVariables,
} from '#api/admissionregistration/expression-rules.ts';
import { compileMutatingPolicy, type PolicyExpression } from '#api/admissionregistration/policy-programs.ts';
import {
  defaultMatch,
  formatParamKind,
  validateMatch,
  validateParamKind,
} from '#api/admissionregistration/policy-rules.ts';
import type { MatchCondition, MatchResources, ParamKind, Variable } from '#api/admissionregistration/rule.ts';
import { AGE_COLUMN, NAME_COLUMN, numberColumn, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkPresent } from '#api/field-checks.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `admissionregistration.k8s.io/v1.MutatingAdmissionPolicy`. */
export interface MutatingAdmissionPolicy extends KubeObject {
  apiVersion: 'admissionregistration.k8s.io/v1';
  kind: 'MutatingAdmissionPolicy';
  spec: MutatingAdmissionPolicySpec;
}

/** `admissionregistration.k8s.io/v1.MutatingAdmissionPolicySpec`. */
export interface MutatingAdmissionPolicySpec {
  failurePolicy?: 'Ignore' | 'Fail';
  matchConditions?: MatchCondition[];
  matchConstraints?: MatchResources;
  mutations?: Mutation[];
  paramKind?: ParamKind;
  reinvocationPolicy?: string;
  variables?: Variable[];
}

/** `admissionregistration.k8s.io/v1.Mutation`. */
export interface Mutation {
  applyConfiguration?: ApplyConfiguration;
  jsonPatch?: JSONPatch;
  patchType: 'ApplyConfiguration' | 'JSONPatch';
}

/** `admissionregistration.k8s.io/v1.ApplyConfiguration`. */
export interface ApplyConfiguration {
  expression?: string;
}

/** `admissionregistration.k8s.io/v1.JSONPatch`. */
export interface JSONPatch {
  expression?: string;
}

/** `mutatingadmissionpolicies.admissionregistration.k8s.io`. */
export const mutatingAdmissionPolicyResource: ResourceType<MutatingAdmissionPolicy> =
  defineResource<MutatingAdmissionPolicy>({
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'MutatingAdmissionPolicy',
    plural: 'mutatingadmissionpolicies',
    categories: ['api-extensions'],
    namespaced: false,
    schema: 'admissionregistration/v1.MutatingAdmissionPolicy',
    applyDefaults: ({ spec }) => {
      spec.failurePolicy ??= 'Fail';
      spec.reinvocationPolicy ??= 'Never';
      defaultMatch(spec.matchConstraints);
    },
    fillsZeros: true,
    validate: validatePolicy,
    columns: [
      NAME_COLUMN,
      numberColumn('Mutations', 'How many mutations there are.', ({ spec }) => (spec.mutations ?? []).length),
      textColumn('ParamKind', 'Kind of the parameters.', ({ spec }) => formatParamKind(spec.paramKind)),
      AGE_COLUMN,
    ],
  });

function validatePolicy(
  { spec }: MutatingAdmissionPolicy,
  old: MutatingAdmissionPolicy | undefined,
): FieldError[] {
  const isKnown = old !== undefined && isDeepStrictEqual(old.spec, spec);
  const programs = isKnown ? undefined : compileMutatingPolicy(spec);
  return [
    ...checkOneOf('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']),
    ...validateParamKind('spec.paramKind', spec.paramKind),
    ...validateMatch('spec.matchConstraints', spec.matchConstraints, { required: true }),
    ...validateMatchConditions('spec.matchConditions', spec.matchConditions, programs?.matchConditions),
    ...validateVariables('spec.variables', spec.variables, programs?.variables),
    ...checkOneOf('spec.reinvocationPolicy', spec.reinvocationPolicy, ['IfNeeded', 'Never']),
    ...checkPresent('spec.mutations', spec.mutations),
    ...(spec.mutations ?? []).flatMap((mutation, index) =>
      validateMutation(`spec.mutations[${index}]`, mutation, programs?.mutations[index]),
    ),
  ];
}

function validateMutation(
  field: string,
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  compiled: PolicyExpression | undefined,
): FieldError[] {
  const isPatch = patchType === 'JSONPatch';
  const path = `${field}.${isPatch ? 'jsonPatch' : 'applyConfiguration'}.expression`;
  const { expression = '' } = (isPatch ? jsonPatch : applyConfiguration) ?? {};
  return [
    ...checkOneOf(`${field}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch']),
    ...checkExpression(path, expression, { compiled }),
  ];
}
