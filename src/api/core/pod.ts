import { validatePodChange } from '#api/core/pod-change.ts';
import { POD_COLUMNS } from '#api/core/pod-columns.ts';
import { defaultPod } from '#api/core/pod-defaults.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { validatePodSpec } from '#api/core/pod-spec-validation.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import { defineResource } from '#api/define-resource.ts';
import { forbiddenField } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `core/v1.Pod`. */
export interface Pod extends KubeObject {
  apiVersion: 'v1';
  kind: 'Pod';
  spec: PodSpec;
  status?: PodStatus;
}

/** Ephemeral containers come later, through their own subresource. */
function validateNewPod({ spec }: Pod): FieldError[] {
  return (spec.ephemeralContainers ?? []).length === 0
    ? []
    : [forbiddenField('spec.ephemeralContainers', 'cannot be set on create')];
}

/** `pods`. */
export const podResource: ResourceType<Pod> = defineResource<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  subresources: ['status'],
  schema: 'core/v1.Pod',
  applyDefaults: defaultPod,
  validate: (pod, old, subresource) => [
    // What was accepted once is not judged anew: most updates are of metadata or status.
    ...(pod.spec === old?.spec ? [] : validatePodSpec('spec', pod.spec)),
    ...(old === undefined ? validateNewPod(pod) : validatePodChange(pod, old, subresource)),
  ],
  columns: POD_COLUMNS,
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIP ?? '',
    'status.podIPs': ({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip).join(','),
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  // Every kubelet watches the pods of its node.
  verbatimFields: ['spec.nodeName'],
});
