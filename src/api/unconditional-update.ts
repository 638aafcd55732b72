import type { ResourceType } from '#api/resource.ts';

/**
 * Built-in kinds whose objects are replaced only by who names the resourceVersion that they replace, by group and kind. Source:
 * the `AllowUnconditionalUpdate` of Kubernetes' registries.
 */
const CONDITIONAL: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'coordination.k8s.io/Lease',
  'node.k8s.io/RuntimeClass',
  'policy/PodDisruptionBudget',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/CSINode',
  'storage.k8s.io/CSIStorageCapacity',
  'storage.k8s.io/VolumeAttachment',
]);

/** Whether an object of the kind can be replaced whatever it is by now. Objects of custom kinds cannot. */
export function mayUpdateUnconditionally({ group, kind, custom }: ResourceType): boolean {
  return custom === undefined && !CONDITIONAL.has(`${group}/${kind}`);
}
