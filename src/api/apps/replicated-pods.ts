import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import {
  validateLastingPods,
  validatePodTemplate,
  validateWorkloadSelector,
} from '#api/core/pod-template-validation.ts';
import type { LabelSelector } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/**
 * What is wrong with the selector and the template of a Deployment or ReplicaSet; messages of both speak of the kind that
 * Kubernetes' do. Source: `ValidatePodTemplateSpecForReplicaSet` and what comes before it in the kinds' own rules.
 */
export function validateReplicatedPods(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
): FieldError[] {
  const unreadable = 'invalid label selector';
  const errors = validateWorkloadSelector(selector, template, { kind: 'deployment', unreadable });
  if (errors.some(({ detail }) => detail === unreadable)) return errors;
  return [
    ...errors,
    ...validatePodTemplate('spec.template', template),
    ...validateLastingPods('spec.template', template, 'ReplicaSet'),
  ];
}
