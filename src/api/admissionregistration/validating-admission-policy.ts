import { isDeepStrictEqual } from 'node:util';
import {
  checkExpression,
  validateMatchConditions,
  validateVariables,
} from '#api/admissionregistration/expression-rules.ts';
import {
  compileValidatingPolicy,
  faultsOf,
  type PolicyExpression,
} from '#api/admissionregistration/policy-programs.ts';
import {
  defaultMatch,
  formatParamKind,
  validateMatch,
  validateParamKind,
} from '#api/admissionregistration/policy-rules.ts';
import type { MatchCondition, MatchResources, ParamKind, Variable } from '#api/admissionregistration/rule.ts';
import { AGE_COLUMN, NAME_COLUMN, numberColumn, textColumn } from '#api/columns.ts';
import { checkConditions } from '#api/condition-checks.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkFirst, checkName, checkOneOf, checkPresent } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
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
    fillsZeros: true,
    validate: validatePolicy,
    validateStatus,
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
  { metadata, spec }: ValidatingAdmissionPolicy,
  old: ValidatingAdmissionPolicy | undefined,
): FieldError[] {
  const { validations = [], auditAnnotations = [] } = spec;
  const isEmpty = validations.length === 0 && auditAnnotations.length === 0;
  const isKnown = old !== undefined && isDeepStrictEqual(old.spec, spec);
  const programs = isKnown ? undefined : compileValidatingPolicy(spec);
  return [
    ...checkOneOf('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']),
    ...validateParamKind('spec.paramKind', spec.paramKind),
    ...validateMatch('spec.matchConstraints', spec.matchConstraints, { required: true }),
    ...validateMatchConditions('spec.matchConditions', spec.matchConditions, programs?.matchConditions),
    ...validateVariables('spec.variables', spec.variables, programs?.variables),
    ...(isEmpty
      ? ['spec.validations', 'spec.auditAnnotations'].map((field) => requiredValue(field, NOTHING_CHECKED))
      : []),
    ...validations.flatMap((validation, index) => [
      ...checkExpression(`spec.validations[${index}].expression`, validation.expression, {
        compiled: programs?.validations[index],
        missing: 'expression is not specified',
      }),
      ...validateTexts(`spec.validations[${index}]`, validation, programs?.messages.get(index)),
    ]),
    ...validateAnnotations('spec.auditAnnotations', {
      policy: metadata.name,
      annotations: auditAnnotations,
      compiled: programs?.auditAnnotations,
    }),
  ];
}

const NOTHING_CHECKED = 'validations or auditAnnotations must contain at least one item';
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
/** The most audit annotations of a policy; more are refused. */
const AUDIT_ANNOTATIONS_MAX = 20;
/** The longest expression of an audit annotation, in bytes; a longer one is refused. */
const ANNOTATION_EXPRESSION_BYTES_MAX = 5 * 1024;

function validateTexts(
  field: string,
  { message = '', messageExpression = '', reason }: Validation,
  compiled: PolicyExpression | undefined,
): FieldError[] {
  const isBlank = (text: string): boolean => text !== '' && text.trim() === '';
  const hasBreaks = /[\n\r]/.test(message.trim());
  return [
    ...(isBlank(messageExpression)
      ? [invalidValue(`${field}.messageExpression`, messageExpression, 'must be non-empty if specified')]
      : faultsOf(compiled)),
    ...(isBlank(message)
      ? [invalidValue(`${field}.message`, message, 'message must be non-empty if specified')]
      : []),
    ...(hasBreaks ? [invalidValue(`${field}.message`, message, 'message must not contain line breaks')] : []),
    ...checkOneOf(`${field}.reason`, reason, REASONS),
  ];
}

function validateAnnotations(
  field: string,
  {
    policy,
    annotations,
    compiled = [],
  }: {
    policy: string;
    annotations: readonly AuditAnnotation[];
    compiled: readonly PolicyExpression[] | undefined;
  },
): FieldError[] {
  const keys = annotations.map(({ key }) => key);
  const detail = `must not have more than ${AUDIT_ANNOTATIONS_MAX} auditAnnotations`;
  return [
    ...(annotations.length > AUDIT_ANNOTATIONS_MAX ? [invalidValue(field, annotations, detail)] : []),
    ...annotations.flatMap(({ key, valueExpression }, index) => [
      ...checkName(`${field}[${index}].key`, `${policy}/${key}`, qualifiedNameErrors),
      ...(valueExpression.trim().length > ANNOTATION_EXPRESSION_BYTES_MAX
        ? [
            requiredValue(
              `${field}[${index}].valueExpression`,
              `must not exceed ${ANNOTATION_EXPRESSION_BYTES_MAX} bytes in length`,
            ),
          ]
        : checkExpression(`${field}[${index}].valueExpression`, valueExpression, {
            compiled: compiled[index],
            missing: 'valueExpression is not specified',
          })),
      ...checkFirst(`${field}[${index}].key`, keys, index),
    ]),
  ];
}

function validateStatus({ status }: ValidatingAdmissionPolicy): FieldError[] {
  const field = 'status.typeChecking.expressionWarnings';
  return [
    ...(status?.typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef }, index) => [
      ...checkPresent(`${field}[${index}].warning`, warning),
      ...checkPresent(`${field}[${index}].fieldRef`, fieldRef),
    ]),
    ...checkConditions('status.conditions', status?.conditions),
  ];
}
