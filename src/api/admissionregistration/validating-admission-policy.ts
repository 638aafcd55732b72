import { isDeepStrictEqual } from 'node:util';
import { compileValidatingPolicy, expressionErrors } from '#api/admissionregistration/policy-programs.ts';
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
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `admissionregistration.k8s.io/v1.ValidatingAdmissionPolicy`. */
export interface ValidatingAdmissionPolicy extends KubeObject {
  apiVersion: 'admissionregistration.k8s.io/v1';
  kind: 'ValidatingAdmissionPolicy';
  spec: ValidatingAdmissionPolicySpec;
  status?: ValidatingAdmissionPolicyStatus;
}

/** `admissionregistration.k8s.io/v1.ValidatingAdmissionPolicySpec`. */
export interface ValidatingAdmissionPolicySpec {
  auditAnnotations?: AuditAnnotation[];
  failurePolicy?: 'Ignore' | 'Fail';
  matchConditions?: MatchCondition[];
  matchConstraints?: MatchResources;
  paramKind?: ParamKind;
  validations?: Validation[];
  variables?: Variable[];
}

/** `admissionregistration.k8s.io/v1.Validation`. */
export interface Validation {
  expression: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
}

/** `admissionregistration.k8s.io/v1.AuditAnnotation`. */
export interface AuditAnnotation {
  key: string;
  valueExpression: string;
}

/** `admissionregistration.k8s.io/v1.ValidatingAdmissionPolicyStatus`. */
export interface ValidatingAdmissionPolicyStatus {
  conditions?: Condition[];
  observedGeneration?: number;
  typeChecking?: TypeChecking;
}

/** `admissionregistration.k8s.io/v1.TypeChecking`. */
export interface TypeChecking {
  expressionWarnings?: ExpressionWarning[];
}

/** `admissionregistration.k8s.io/v1.ExpressionWarning`. */
export interface ExpressionWarning {
  fieldRef: string;
  warning: string;
}

/** `validatingadmissionpolicies.admissionregistration.k8s.io`. */
export const validatingAdmissionPolicyResource: ResourceType<ValidatingAdmissionPolicy> =
  defineResource<ValidatingAdmissionPolicy>({
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'ValidatingAdmissionPolicy',
    plural: 'validatingadmissionpolicies',
    categories: ['api-extensions'],
    namespaced: false,
    subresources: ['status'],
    schema: 'admissionregistration/v1.ValidatingAdmissionPolicy',
    applyDefaults: ({ spec }) => {
      spec.failurePolicy ??= 'Fail';
      defaultMatch(spec.matchConstraints);
    },
    validate: validatePolicy,
    columns: [
      NAME_COLUMN,
      numberColumn(
        'Validations',
        'How many validations there are.',
        ({ spec }) => (spec.validations ?? []).length,
      ),
      textColumn('ParamKind', 'Kind of the parameters.', ({ spec }) => formatParamKind(spec.paramKind)),
      AGE_COLUMN,
    ],
  });

function validatePolicy(
  { spec }: ValidatingAdmissionPolicy,
  old: ValidatingAdmissionPolicy | undefined,
): FieldError[] {
  const { validations = [], auditAnnotations = [], variables = [] } = spec;
  const isEmpty = validations.length === 0 && auditAnnotations.length === 0;
  return [
    ...checkOneOf('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']),
    ...validateParamKind('spec.paramKind', spec.paramKind),
    ...validateMatch('spec.matchConstraints', spec.matchConstraints, { required: true }),
    ...validateMatchConditions('spec.matchConditions', spec.matchConditions),
    ...(isEmpty
      ? [requiredValue('spec.validations', 'validations or auditAnnotations must be specified')]
      : []),
    ...validations.flatMap(({ expression }, index) =>
      checkPresent(`spec.validations[${index}].expression`, expression.trim(), 'expression is not specified'),
    ),
    ...variables.flatMap(({ name, expression }, index) => [
      ...checkPresent(`spec.variables[${index}].name`, name),
      ...checkPresent(`spec.variables[${index}].expression`, expression),
    ]),
    ...auditAnnotations.flatMap(({ key, valueExpression }, index) => [
      ...checkPresent(`spec.auditAnnotations[${index}].key`, key),
      ...checkPresent(`spec.auditAnnotations[${index}].valueExpression`, valueExpression),
    ]),
    ...checkUnique(
      variables.map(({ name }) => name),
      (index) => `spec.variables[${index}].name`,
    ),
    ...validations.flatMap(({ message, reason }, index) => [
      ...checkOneOf(`spec.validations[${index}].reason`, reason, REASONS),
      ...(message !== undefined && /[\n\r]/.test(message)
        ? [
            invalidValue(
              `spec.validations[${index}].message`,
              message,
              'message must not contain line breaks',
            ),
          ]
        : []),
    ]),
    ...(old !== undefined && isDeepStrictEqual(old.spec, spec) ? [] : validateExpressions(spec)),
  ];
}

/** What a refusal may be told as. */
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];

function validateExpressions(spec: ValidatingAdmissionPolicySpec): FieldError[] {
  const { matchConditions, validations, messages, auditAnnotations, variables } =
    compileValidatingPolicy(spec);
  return expressionErrors(
    [...matchConditions, ...validations, ...messages.values(), ...auditAnnotations],
    variables,
  );
}
