import { isDeepStrictEqual } from 'node:util';
import { compileMutatingPolicy, expressionErrors } from '#api/admissionregistration/policy-programs.ts';
import {
  defaultMatch,
  formatParamKind,
  validateMatch,
  validateParamKind,
} from '#api/admissionregistration/policy-rules.ts';
import type { MatchCondition, MatchResources, ParamKind, Variable } from '#api/admissionregistration/rule.ts';
import { validateMatchConditions } from '#api/admissionregistration/webhook-rules.ts';
import { AGE_COLUMN, NAME_COLUMN, numberColumn, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkPresent, checkUnique } from '#api/field-checks.ts';
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
  return [
    ...checkOneOf('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']),
    ...checkOneOf('spec.reinvocationPolicy', spec.reinvocationPolicy, ['IfNeeded', 'Never']),
    ...validateParamKind('spec.paramKind', spec.paramKind),
    ...validateMatch('spec.matchConstraints', spec.matchConstraints, { required: true }),
    ...validateMatchConditions('spec.matchConditions', spec.matchConditions),
    ...checkPresent('spec.mutations', spec.mutations),
    ...(spec.mutations ?? []).flatMap(({ patchType, applyConfiguration, jsonPatch }, index) => {
      const field = `spec.mutations[${index}]`;
      const patch = patchType === 'JSONPatch' ? jsonPatch : applyConfiguration;
      const name = patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration';
      return [
        ...checkOneOf(`${field}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch']),
        ...checkPresent(`${field}.${name}.expression`, patch?.expression),
      ];
    }),
    ...(spec.variables ?? []).flatMap(({ name, expression }, index) => [
      ...checkPresent(`spec.variables[${index}].name`, name),
      ...checkPresent(`spec.variables[${index}].expression`, expression),
    ]),
    ...checkUnique(
      (spec.variables ?? []).map(({ name }) => name),
      (index) => `spec.variables[${index}].name`,
    ),
    ...(old !== undefined && isDeepStrictEqual(old.spec, spec) ? [] : validateExpressions(spec)),
  ];
}

function validateExpressions(spec: MutatingAdmissionPolicySpec): FieldError[] {
  const { matchConditions, mutations, variables } = compileMutatingPolicy(spec);
  return expressionErrors([...matchConditions, ...mutations], variables);
}
