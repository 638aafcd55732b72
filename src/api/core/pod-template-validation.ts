import { validatePodAnnotations, validateProfilesMatch } from '#api/core/pod-annotations-validation.ts';
import { validatePodSpec } from '#api/core/pod-spec-validation.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { checkLabelSelector, checkLabels, checkOneOf } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { checkAnnotations } from '#api/metadata.ts';
import type { LabelSelector } from '#api/object.ts';
import { compileLabelSelector } from '#api/selector.ts';
import { goSelector, goStringMap } from '#api/shown-values.ts';
import type { FieldError } from '#api/status.ts';

/** What is wrong with a template of pods. Source: Kubernetes' `ValidatePodTemplateSpec`. */
export function validatePodTemplate(field: string, template: PodTemplateSpec): FieldError[] {
  const { metadata, spec } = template;
  return [
    ...validateTemplateMetadata(field, metadata),
    ...validatePodAnnotations(`${field}.annotations`, metadata?.annotations ?? {}, spec),
    ...validatePodSpec(`${field}.spec`, spec, { isPod: false }),
    ...validateProfilesMatch(`${field}.spec`, metadata?.annotations, spec),
    ...((spec.ephemeralContainers ?? []).length > 0
      ? [
          forbiddenField(
            `${field}.spec.ephemeralContainers`,
            'ephemeral containers not allowed in pod template',
          ),
        ]
      : []),
  ];
}

/** What is wrong with what a template gives its pods beside their spec; Kubernetes leaves `metadata` out of the paths. */
export function validateTemplateMetadata(
  field: string,
  { labels, annotations }: NonNullable<PodTemplateSpec['metadata']> = {},
): FieldError[] {
  return [
    ...checkLabels(`${field}.labels`, labels),
    ...checkAnnotations(`${field}.annotations`, annotations),
  ];
}

/** What is wrong with the template of a kind whose pods shall run for ever. `kind` is as it is called in messages. */
export function validateLastingPods(field: string, { spec }: PodTemplateSpec, kind: string): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = spec;
  return [
    ...checkOneOf(`${field}.spec.restartPolicy`, restartPolicy, ['Always']),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [
          forbiddenField(
            `${field}.spec.activeDeadlineSeconds`,
            `activeDeadlineSeconds in ${kind} is not Supported`,
          ),
        ]),
  ];
}

/**
 * What is wrong with a workload's selector: it must be given, and select the workload's own pods. `kind` is as it is called in
 * messages; `unreadable` is what is said of a selector as a whole that has an error.
 */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
  { kind, unreadable }: { readonly kind: string; readonly unreadable?: string },
): FieldError[] {
  if (selector === undefined) return [requiredValue('spec.selector'), selectorMismatch(template)];
  const errors = checkLabelSelector('spec.selector', selector);
  if (errors.length > 0) {
    if (unreadable !== undefined)
      errors.push(invalidValue('spec.selector', goSelector(selector), unreadable));
    return errors;
  }
  if (isEmptySelector(selector))
    return [invalidValue('spec.selector', goSelector(selector), `empty selector is invalid for ${kind}`)];
  return compileLabelSelector(selector).matches(template.metadata?.labels)
    ? []
    : [selectorMismatch(template)];
}

function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return matchExpressions.length === 0 && Object.keys(matchLabels).length === 0;
}

/** A template whose pods the selector does not select. */
export function selectorMismatch({ metadata }: PodTemplateSpec): FieldError {
  const detail = '`selector` does not match template `labels`';
  return invalidValue('spec.template.metadata.labels', goStringMap(metadata?.labels), detail);
}
