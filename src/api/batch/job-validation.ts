import type { Job, JobSpec, PodFailurePolicyRule } from '#api/batch/job.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { selectorMismatch, validatePodTemplate } from '#api/core/pod-template-validation.ts';
import { checkLabelSelector, checkNonNegative, checkOneOf, checkUnchanged } from '#api/field-checks.ts';
import { invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { compileLabelSelector } from '#api/selector.ts';
import type { FieldError } from '#api/status.ts';

/** The most completions of an indexed Job; more are refused. */
const INDEXED_COMPLETIONS_MAX = 100_000;
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
  'ttlSecondsAfterFinished',
] as const;

/** What is wrong with a job. Source: Kubernetes' Job API reference. */
export function validateJob({ spec }: Job, old: Job | undefined): FieldError[] {
  return [
    ...validateJobSpec('spec', spec),
    ...validateSelector(spec),
    ...(old === undefined ? [] : validateJobChange(spec, old)),
  ];
}

/** Empty is allowed, and selects all. */
function validateSelector({ selector, template }: JobSpec): FieldError[] {
  if (selector === undefined) return [requiredValue('spec.selector'), selectorMismatch(template)];
  const errors = checkLabelSelector('spec.selector', selector);
  if (errors.length > 0) return errors;
  return compileLabelSelector(selector).matches(template.metadata?.labels)
    ? []
    : [selectorMismatch(template)];
}

/** What is wrong with the spec of a job, or of a template for jobs. */
export function validateJobSpec(field: string, spec: JobSpec): FieldError[] {
  const isIndexed = spec.completionMode === 'Indexed';
  const isIndexLimited = spec.backoffLimitPerIndex !== undefined;
  return [
    ...COUNTS.flatMap((count) => checkNonNegative(`${field}.${count}`, spec[count])),
    ...checkOneOf(`${field}.completionMode`, spec.completionMode, ['Indexed', 'NonIndexed']),
    ...(isIndexed && spec.completions === undefined
      ? [requiredValue(`${field}.completions`, 'when completion mode is Indexed')]
      : []),
    ...(isIndexed && (spec.completions ?? 0) > INDEXED_COMPLETIONS_MAX
      ? [
          invalidValue(
            `${field}.completions`,
            spec.completions,
            `must be less than or equal to ${INDEXED_COMPLETIONS_MAX}`,
          ),
        ]
      : []),
    ...(isIndexLimited && !isIndexed
      ? [
          invalidValue(
            `${field}.backoffLimitPerIndex`,
            spec.backoffLimitPerIndex,
            'requires indexed completion mode',
          ),
        ]
      : []),
    ...(spec.maxFailedIndexes !== undefined && !isIndexLimited
      ? [requiredValue(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
      : []),
    ...checkOneOf(`${field}.podReplacementPolicy`, spec.podReplacementPolicy, [
      'Failed',
      'TerminatingOrFailed',
    ]),
    ...(spec.podFailurePolicy?.rules ?? []).flatMap((rule, index) =>
      validateFailureRule(`${field}.podFailurePolicy.rules[${index}]`, rule),
    ),
    ...validatePodTemplate(`${field}.template`, spec.template),
    ...validateRestartPolicy(`${field}.template.spec.restartPolicy`, spec),
  ];
}

function validateRestartPolicy(field: string, { template, podFailurePolicy }: JobSpec): FieldError[] {
  const { restartPolicy = 'Always' } = template.spec;
  switch (restartPolicy) {
    case 'Always':
      return [requiredValue(field, 'valid values: "OnFailure", "Never"')];
    case 'Never':
      return [];
    case 'OnFailure':
      return podFailurePolicy === undefined
        ? []
        : [
            invalidValue(
              field,
              restartPolicy,
              'only "Never" is supported when podFailurePolicy is specified',
            ),
          ];
    default:
      return [unsupportedValue(field, restartPolicy, ['OnFailure', 'Never'])];
  }
}

function validateFailureRule(
  field: string,
  { action, onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
): FieldError[] {
  const isEither = (onExitCodes === undefined) !== (onPodConditions.length === 0);
  return [
    ...checkOneOf(`${field}.action`, action, ['Count', 'FailIndex', 'FailJob', 'Ignore']),
    ...(isEither
      ? []
      : [invalidValue(field, '', 'specifying one of OnExitCodes and OnPodConditions is required')]),
    ...(onExitCodes === undefined
      ? []
      : checkOneOf(`${field}.onExitCodes.operator`, onExitCodes.operator, ['In', 'NotIn'])),
  ];
}

/** A job stays as it is; while it is suspended and has not started, where its pods go may change. */
function validateJobChange(spec: JobSpec, { spec: old, status }: Job): FieldError[] {
  const isOpen = old.suspend === true && status?.startTime === undefined;
  const template = isOpen ? withPlacementOf(old.template, spec.template) : old.template;
  const isElastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  return [
    ...(isElastic ? [] : checkUnchanged('spec.completions', spec.completions, old.completions)),
    ...checkUnchanged('spec.selector', spec.selector, old.selector),
    ...checkUnchanged('spec.template', spec.template, template),
    ...checkUnchanged('spec.completionMode', spec.completionMode, old.completionMode),
    ...checkUnchanged('spec.podFailurePolicy', spec.podFailurePolicy, old.podFailurePolicy),
    ...checkUnchanged('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, old.backoffLimitPerIndex),
  ];
}

/** `template` with the labels, annotations and scheduling of `source`. */
function withPlacementOf(template: PodTemplateSpec, source: PodTemplateSpec): PodTemplateSpec {
  const { affinity, nodeSelector, tolerations, schedulingGates } = source.spec;
  const placement = { affinity, nodeSelector, tolerations, schedulingGates };
  const { affinity: _a, nodeSelector: _n, tolerations: _t, schedulingGates: _s, ...rest } = template.spec;
  const given = Object.fromEntries(Object.entries(placement).filter(([, value]) => value !== undefined));
  return {
    ...template,
    ...(source.metadata === undefined ? {} : { metadata: source.metadata }),
    spec: { ...rest, ...given },
  };
}
