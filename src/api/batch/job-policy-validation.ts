import { readIndexRanges } from '#api/batch/index-ranges.ts';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '#api/batch/job.ts';
import { checkFirst, checkName, checkNonNegative, checkOneOf } from '#api/field-checks.ts';
import { invalidValue, requiredValue, tooLong, tooMany } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The most rules of a policy, and the most exit codes and conditions of a rule; more are refused. */
const POLICY_RULES_MAX = 20;
const EXIT_CODES_MAX = 255;
const POD_CONDITIONS_MAX = 20;
/** The longest text of the indexes of a rule, in bytes. */
const SUCCEEDED_INDEXES_BYTES_MAX = 64 * 1024;

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];

/** What is wrong with the rules of what a failed pod does to its job. Source: Kubernetes' `validatePodFailurePolicy`. */
export function validateFailurePolicy(field: string, spec: JobSpec): FieldError[] {
  const { rules = [] } = spec.podFailurePolicy ?? {};
  const { containers, initContainers = [] } = spec.template.spec;
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  return [
    ...checkCount(`${field}.rules`, rules.length, POLICY_RULES_MAX),
    ...rules.flatMap((rule, index) => {
      const path = `${field}.rules[${index}]`;
      return [
        ...validateAction(`${path}.action`, rule, spec),
        ...(rule.onExitCodes === undefined
          ? []
          : validateExitCodes(`${path}.onExitCodes`, rule.onExitCodes, names)),
        ...validatePodConditions(`${path}.onPodConditions`, rule.onPodConditions),
        ...validateCause(path, rule),
      ];
    }),
  ];
}

function checkCount(field: string, found: number, max: number): FieldError[] {
  return found > max ? [tooMany(field, { found, max })] : [];
}

/** A value that is left out is told what it could have been. */
function checkChoice(field: string, value: string | undefined, choices: readonly string[]): FieldError[] {
  if (value !== undefined && value !== '') return checkOneOf(field, value, choices);
  return [requiredValue(field, `valid values: [${choices.map((choice) => `"${choice}"`).join(' ')}]`)];
}

function validateAction(
  field: string,
  { action }: PodFailurePolicyRule,
  { backoffLimitPerIndex }: JobSpec,
): FieldError[] {
  if (action !== 'FailIndex') return checkChoice(field, action, ACTIONS);
  return backoffLimitPerIndex === undefined
    ? [invalidValue(field, action, 'requires the backoffLimitPerIndex to be set')]
    : [];
}

function validateCause(
  field: string,
  { onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
): FieldError[] {
  const hasConditions = onPodConditions.length > 0;
  if ((onExitCodes !== undefined) !== hasConditions) return [];
  const detail = hasConditions
    ? 'specifying both OnExitCodes and OnPodConditions is not supported'
    : 'specifying one of OnExitCodes and OnPodConditions is required';
  return [{ type: 'Invalid', field, detail }];
}

function validateExitCodes(
  field: string,
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  names: ReadonlySet<string>,
): FieldError[] {
  const path = `${field}.values`;
  const isStray = containerName !== undefined && !names.has(containerName);
  const isOrdered = values.every((value, index) => (values[index - 1] ?? value) <= value);
  return [
    ...checkChoice(`${field}.operator`, operator, OPERATORS),
    ...(isStray
      ? [
          invalidValue(
            `${field}.containerName`,
            containerName,
            'must be one of the container or initContainer names in the pod template',
          ),
        ]
      : []),
    ...(values.length === 0 ? [invalidValue(path, values, 'at least one value is required')] : []),
    ...checkCount(path, values.length, EXIT_CODES_MAX),
    ...values.flatMap((value, index) => [
      ...(operator === 'In' && value === 0
        ? [invalidValue(`${path}[${index}]`, value, 'must not be 0 for the In operator')]
        : []),
      ...checkFirst(`${path}[${index}]`, values, index),
    ]),
    ...(isOrdered ? [] : [invalidValue(path, values, 'must be ordered')]),
  ];
}

function validatePodConditions(
  field: string,
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[] = [],
): FieldError[] {
  return [
    ...checkCount(field, patterns.length, POD_CONDITIONS_MAX),
    ...patterns.flatMap(({ type, status }, index) => [
      ...checkName(`${field}[${index}].type`, type, qualifiedNameErrors),
      ...checkChoice(`${field}[${index}].status`, status, STATUSES),
    ]),
  ];
}

/** What is wrong with the rules of when a job has succeeded early. Source: Kubernetes' `validateSuccessPolicy`. */
export function validateSuccessPolicy(field: string, spec: JobSpec): FieldError[] {
  const { successPolicy: policy, completionMode, completions } = spec;
  if (policy === undefined) return [];
  if (completionMode !== 'Indexed') return [invalidValue(field, policy, 'requires indexed completion mode')];
  const { rules } = policy;
  return [
    ...(rules.length === 0
      ? [
          requiredValue(
            `${field}.rules`,
            'at least one rules must be specified when the successPolicy is specified',
          ),
        ]
      : []),
    ...checkCount(`${field}.rules`, rules.length, POLICY_RULES_MAX),
    ...rules.flatMap((rule, index) =>
      validateSuccessRule(`${field}.rules[${index}]`, rule, completions ?? 0),
    ),
  ];
}

function validateSuccessRule(field: string, rule: SuccessPolicyRule, completions: number): FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined)
    return [requiredValue(field, 'at least one of succeededCount or succeededIndexes must be specified')];
  const path = `${field}.succeededIndexes`;
  const reading = readIndexRanges(indexes ?? '', completions);
  const readable = 'count' in reading ? reading.count : 0;
  return [
    ...((indexes ?? '').length > SUCCEEDED_INDEXES_BYTES_MAX
      ? [tooLong(path, SUCCEEDED_INDEXES_BYTES_MAX)]
      : []),
    ...('fault' in reading
      ? [invalidValue(path, indexes, `error parsing succeededIndexes: ${reading.fault}`)]
      : []),
    ...validateSuccessCount(`${field}.succeededCount`, count, {
      'the number of specified completions': completions,
      ...(indexes === undefined
        ? {}
        : { 'the number of indexes in the specified succeededIndexes field': readable }),
    }),
  ];
}

function validateSuccessCount(
  field: string,
  count: number | undefined,
  limits: Readonly<Record<string, number>>,
): FieldError[] {
  if (count === undefined) return [];
  return [
    ...checkNonNegative(field, count),
    ...Object.entries(limits).flatMap(([what, max]) =>
      count > max ? [invalidValue(field, count, `must be less than or equal to ${max} (${what})`)] : [],
    ),
  ];
}
