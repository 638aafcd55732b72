import { validatePodSpec } from '#api/core/pod-spec-validation.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { checkLabelSelector, checkLabels } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, unsupportedValue } from '#api/field-errors.ts';
import type { LabelSelector } from '#api/object.ts';
import { compileLabelSelector } from '#api/selector.ts';
import type { FieldError } from '#api/status.ts';

/** What is wrong with the template of a workload. */
export function validatePodTemplate(
  field: string,
  template: PodTemplateSpec,
  { restartPolicies }: { restartPolicies: readonly string[] },
): FieldError[] {
  const { restartPolicy = 'Always', ephemeralContainers = [], activeDeadlineSeconds } = template.spec;
  const isLasting = restartPolicies.length === 1 && restartPolicies[0] === 'Always';
  return [
    ...checkLabels(`${field}.metadata.labels`, template.metadata?.labels),
    ...validatePodSpec(`${field}.spec`, template.spec),
    ...(restartPolicies.includes(restartPolicy)
      ? []
      : [unsupportedValue(`${field}.spec.restartPolicy`, restartPolicy, restartPolicies)]),
    ...(isLasting && activeDeadlineSeconds !== undefined
      ? [
          forbiddenField(
            `${field}.spec.activeDeadlineSeconds`,
            'activeDeadlineSeconds in a pod template is not supported here',
          ),
        ]
      : []),
    ...(ephemeralContainers.length > 0
      ? [
          forbiddenField(
            `${field}.spec.ephemeralContainers`,
            'ephemeral containers not allowed in pod template',
          ),
        ]
      : []),
  ];
}

/** What is wrong with a workload's selector: it must be given, and select the workload's own pods. */
export function validateWorkloadSelector(
  field: string,
  selector: LabelSelector,
  template: PodTemplateSpec,
): FieldError[] {
  const errors = checkLabelSelector(`${field}.selector`, selector);
  if (errors.length > 0) return errors;
  const isEmpty =
    Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
  if (isEmpty) return [invalidValue(`${field}.selector`, selector, 'empty selector is invalid')];
  const labels = template.metadata?.labels;
  return compileLabelSelector(selector).matches(labels)
    ? []
    : [
        invalidValue(
          `${field}.template.metadata.labels`,
          labels ?? {},
          '`selector` does not match template `labels`',
        ),
      ];
}
