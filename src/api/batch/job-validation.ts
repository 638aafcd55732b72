import type { Job, JobSpec } from '#api/batch/job.ts';
import { CONTROLLER_UID_LABEL, JOB_NAME_LABEL, LEGACY_LABELS } from '#api/batch/job-defaults.ts';
import { validateFailurePolicy, validateSuccessPolicy } from '#api/batch/job-policy-validation.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { selectorMismatch, validatePodTemplate } from '#api/core/pod-template-validation.ts';
import {
  checkLabelSelector,
  checkNonNegative,
  checkOneOf,
  checkUnchanged,
  checkUnchangedSelector,
} from '#api/field-checks.ts';
import { invalidValue, requiredValue, tooLong, unsupportedValue } from '#api/field-errors.ts';
import { labelNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import { compileLabelSelector } from '#api/selector.ts';
import type { FieldError } from '#api/status.ts';

/** The most pods at a time, and the most indexes that may fail, of an indexed job; more are refused. */
const INDEXED_PARALLELISM_MAX = 100_000;
const FAILED_INDEXES_MAX = 100_000;
/** Above so many completions, an indexed job with a limit per index is limited more narrowly. */
const MANY_COMPLETIONS = 100_000;
const PARALLELISM_OF_MANY_MAX = 10_000;
const FAILED_INDEXES_OF_MANY_MAX = 10_000;
/** The longest name of what manages a job, in bytes. */
const MANAGED_BY_BYTES_MAX = 63;
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** What is wrong with a job. Source: Kubernetes' `ValidateJob` and `ValidateJobUpdate`. */
export function validateJob(job: Job, old: Job | undefined): FieldError[] {
  return [
    ...validateGeneratedSelector(job),
    ...validateJobSpec('spec', job.spec),
    ...validateSelector(job.spec),
    ...validateHostNames(job),
    ...(old === undefined ? [] : validateJobChange(job.spec, old)),
  ];
}

/** A selector that the server makes goes with labels that it makes. */
function validateGeneratedSelector({ metadata, spec }: Job): FieldError[] {
  if (spec.manualSelector === true || spec.selector === undefined) return [];
  const wanted: Readonly<Record<string, string>> = {
    [LEGACY_LABELS.controllerUid]: metadata.uid,
    [LEGACY_LABELS.jobName]: metadata.name,
    [CONTROLLER_UID_LABEL]: metadata.uid,
    [JOB_NAME_LABEL]: metadata.name,
  };
  const field = 'spec.template.metadata.labels';
  const labels = spec.template.metadata?.labels ?? {};
  const errors = Object.entries(wanted).flatMap(([key, value]) => {
    const found = labels[key];
    if (found === undefined) return [requiredValue(`${field}[${key}]`, `must be '${value}'`)];
    return found === value ? [] : [invalidValue(`${field}[${key}]`, labels, `must be '${value}'`)];
  });
  const isReadable = checkLabelSelector('', spec.selector).length === 0;
  if (isReadable && !compileLabelSelector(spec.selector).matches(wanted))
    errors.push(invalidValue('spec.selector', spec.selector, '`selector` not auto-generated'));
  return errors;
}

/** An empty one is allowed, and selects all. */
function validateSelector({ selector, template }: JobSpec): FieldError[] {
  if (selector === undefined) return [requiredValue('spec.selector'), selectorMismatch(template)];
  const errors = checkLabelSelector('spec.selector', selector);
  if (errors.length > 0) return errors;
  return compileLabelSelector(selector).matches(template.metadata?.labels)
    ? []
    : [selectorMismatch(template)];
}

/** The last pod's host name, the longest of all, has to be one. */
function validateHostNames({ metadata: { name }, spec }: Job): FieldError[] {
  const { completionMode, completions = 0 } = spec;
  if (completionMode !== 'Indexed' || completions <= 0) return [];
  const last = `${name}-${completions - 1}`;
  return labelNameErrors(last).length === 0
    ? []
    : [invalidValue('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`)];
}

/** What is wrong with the spec of a job, or of a template for jobs, but for its selector. */
export function validateJobSpec(field: string, spec: JobSpec): FieldError[] {
  return [
    ...COUNTS.flatMap((count) => checkNonNegative(`${field}.${count}`, spec[count])),
    ...(spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined
      ? [requiredValue(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
      : []),
    ...validateManager(`${field}.managedBy`, spec.managedBy),
    ...checkOneOf(`${field}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']),
    ...(spec.completionMode === 'Indexed' ? validateIndexed(field, spec) : []),
    ...((spec.completionMode ?? 'NonIndexed') === 'NonIndexed' ? validateNonIndexed(field, spec) : []),
    ...validateFailurePolicy(`${field}.podFailurePolicy`, spec),
    ...validateSuccessPolicy(`${field}.successPolicy`, spec),
    ...checkOneOf(
      `${field}.podReplacementPolicy`,
      spec.podReplacementPolicy,
      spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'],
    ),
    ...validatePodTemplate(`${field}.template`, spec.template),
    ...validateRestartPolicy(`${field}.template.spec.restartPolicy`, spec),
  ];
}

const URL_PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** Source: apimachinery `IsDomainPrefixedPath`. */
function validateManager(field: string, name: string | undefined): FieldError[] {
  if (name === undefined) return [];
  if (name === '') return [requiredValue(field)];
  const errors = name.length > MANAGED_BY_BYTES_MAX ? [tooLong(field, MANAGED_BY_BYTES_MAX)] : [];
  const [, domain = '', path = ''] = /^([^/]*)\/([^]*)$/.exec(name) ?? [];
  if (domain === '' || path === '')
    return [invalidValue(field, name, 'must be a domain-prefixed path (such as "acme.io/foo")'), ...errors];
  const detail = `Invalid path (regex used for validation is '${URL_PATH.source.slice(1, -1)}')`;
  return [
    ...subdomainNameErrors(domain).map((error) => invalidValue(field, domain, error)),
    ...(URL_PATH.test(path) ? [] : [invalidValue(field, path, detail)]),
    ...errors,
  ];
}

function validateIndexed(field: string, spec: JobSpec): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes = 0 } = spec;
  const atMost = (max: number): string => `must be less than or equal to ${max}`;
  return [
    ...(completions === undefined
      ? [requiredValue(`${field}.completions`, 'when completion mode is Indexed')]
      : []),
    ...(parallelism > INDEXED_PARALLELISM_MAX
      ? [
          invalidValue(
            `${field}.parallelism`,
            parallelism,
            `${atMost(INDEXED_PARALLELISM_MAX)} when completion mode is Indexed`,
          ),
        ]
      : []),
    ...(completions !== undefined && maxFailedIndexes > completions
      ? [
          invalidValue(
            `${field}.maxFailedIndexes`,
            maxFailedIndexes,
            'must be less than or equal to completions',
          ),
        ]
      : []),
    ...(maxFailedIndexes > FAILED_INDEXES_MAX
      ? [invalidValue(`${field}.maxFailedIndexes`, maxFailedIndexes, atMost(FAILED_INDEXES_MAX))]
      : []),
    ...((completions ?? 0) > MANY_COMPLETIONS && spec.backoffLimitPerIndex !== undefined
      ? validateManyIndexes(field, spec)
      : []),
  ];
}

function validateManyIndexes(field: string, { parallelism = 0, maxFailedIndexes }: JobSpec): FieldError[] {
  const atMost = (max: number): string =>
    `must be less than or equal to ${max} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  const path = `${field}.maxFailedIndexes`;
  return [
    ...(maxFailedIndexes === undefined
      ? [requiredValue(path, `must be specified when completions is above ${MANY_COMPLETIONS}`)]
      : []),
    ...(parallelism > PARALLELISM_OF_MANY_MAX
      ? [invalidValue(`${field}.parallelism`, parallelism, atMost(PARALLELISM_OF_MANY_MAX))]
      : []),
    ...((maxFailedIndexes ?? 0) > FAILED_INDEXES_OF_MANY_MAX
      ? [invalidValue(path, maxFailedIndexes, atMost(FAILED_INDEXES_OF_MANY_MAX))]
      : []),
  ];
}

function validateNonIndexed(field: string, spec: JobSpec): FieldError[] {
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const).flatMap((name) =>
    spec[name] === undefined
      ? []
      : [invalidValue(`${field}.${name}`, spec[name], 'requires indexed completion mode')],
  );
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

/** A job stays as it is; while it is suspended and has not started, where its pods go may change. */
function validateJobChange(spec: JobSpec, { spec: old, status }: Job): FieldError[] {
  const isOpen = old.suspend === true && status?.startTime === undefined;
  const template = isOpen ? withPlacementOf(old.template, spec.template) : old.template;
  return [
    ...validateCompletions(spec, old),
    ...checkUnchangedSelector('spec.selector', spec.selector, old.selector),
    ...checkUnchanged('spec.template', { metadata: {}, ...spec.template }, { metadata: {}, ...template }),
    ...checkUnchanged('spec.completionMode', spec.completionMode, old.completionMode),
    ...checkUnchanged('spec.podFailurePolicy', spec.podFailurePolicy, old.podFailurePolicy),
    ...checkUnchanged('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, old.backoffLimitPerIndex),
    ...checkUnchanged('spec.managedBy', spec.managedBy, old.managedBy),
    ...checkUnchanged('spec.successPolicy', spec.successPolicy, old.successPolicy),
  ];
}

/** An indexed job grows and shrinks, all its indexes at a time. */
function validateCompletions(
  { completions, completionMode, parallelism }: JobSpec,
  old: JobSpec,
): FieldError[] {
  if (completionMode !== 'Indexed') return checkUnchanged('spec.completions', completions, old.completions);
  if (completions === undefined || completions === old.completions || completions === parallelism) return [];
  return [
    invalidValue('spec.completions', completions, 'can only be modified in tandem with spec.parallelism'),
  ];
}

/** `template` with the labels, annotations and scheduling of `source`, of whose affinity only that to nodes. */
function withPlacementOf(template: PodTemplateSpec, source: PodTemplateSpec): PodTemplateSpec {
  const { nodeSelector, tolerations, schedulingGates } = source.spec;
  const { labels, annotations } = source.metadata ?? {};
  const affinity = { ...template.spec.affinity, nodeAffinity: source.spec.affinity?.nodeAffinity };
  const hasAffinity =
    source.spec.affinity !== undefined || Object.values(affinity).some((part) => part !== undefined);
  const { affinity: _affinity, ...rest } = template.spec;
  return {
    ...template,
    metadata: withGiven(template.metadata ?? {}, { labels, annotations }),
    spec: withGiven(rest, {
      nodeSelector,
      tolerations,
      schedulingGates,
      affinity: hasAffinity ? affinity : undefined,
    }) as PodTemplateSpec['spec'],
  };
}

function withGiven<T extends object>(base: T, given: object): T {
  const { ...merged } = { ...base, ...given };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)) as T;
}
