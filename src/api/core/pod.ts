import { validateImageSpace } from '#api/core/container-validation.ts';
import { validatePodAnnotations, validateProfilesMatch } from '#api/core/pod-annotations-validation.ts';
import { validatePodChange } from '#api/core/pod-change.ts';
import { POD_COLUMNS } from '#api/core/pod-columns.ts';
import { defaultPod } from '#api/core/pod-defaults.ts';
import { keepStatusFields, prepareNewPod } from '#api/core/pod-preparation.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { validatePodSpec } from '#api/core/pod-spec-validation.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import { validatePodStatus } from '#api/core/pod-status-validation.ts';
import { podWarnings } from '#api/core/pod-warnings.ts';
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

/** What is wrong with a pod as such. */
function validatePod({ metadata, spec }: Pod): FieldError[] {
  const { name, annotations } = metadata;
  return [
    ...(annotations === undefined ? [] : validatePodAnnotations('metadata.annotations', annotations, spec)),
    ...validatePodSpec('spec', spec, { isPod: true, podName: name === '' ? undefined : name }),
    ...(spec.serviceAccountName ? [] : validateTokens(spec)),
    ...spec.containers.flatMap((container, index) =>
      validateImageSpace(`spec.containers[${index}]`, container),
    ),
    ...(spec.initContainers ?? []).flatMap((container, index) =>
      validateImageSpace(`spec.initContainers[${index}]`, container),
    ),
  ];
}

/** A pod without an account has no tokens either. */
function validateTokens({ volumes = [] }: PodSpec): FieldError[] {
  const detail = 'must not be specified when serviceAccountName is not set';
  return volumes.flatMap(({ projected }, volume) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, source) => {
      const field = `spec.volumes[${volume}].projected.sources[${source}].serviceAccountToken`;
      return serviceAccountToken === undefined ? [] : [forbiddenField(field, detail)];
    }),
  );
}

/** What is wrong with a pod that is not there yet. Ephemeral containers come later, through their own subresource. */
function validateNewPod({ metadata, spec }: Pod): FieldError[] {
  const isGated = (spec.schedulingGates ?? []).length > 0;
  const gated = 'cannot be set until all schedulingGates have been cleared';
  return [
    ...((spec.ephemeralContainers ?? []).length === 0
      ? []
      : [forbiddenField('spec.ephemeralContainers', 'cannot be set on create')]),
    ...(spec.nodeName && isGated ? [forbiddenField('spec.nodeName', gated)] : []),
    ...validateProfilesMatch('spec', metadata.annotations, spec),
  ];
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
  fillsZeros: true,
  applyDefaults: defaultPod,
  prepare: (pod, old) => {
    if (old === undefined) prepareNewPod(pod);
    else keepStatusFields(pod, old);
  },
  validateStatus: validatePodStatus,
  validate: (pod, old, subresource) => [
    // What was accepted once is not judged anew: most updates are of metadata or status.
    ...(pod.spec === old?.spec ? [] : validatePod(pod)),
    ...(old === undefined ? validateNewPod(pod) : validatePodChange(pod, old, subresource)),
  ],
  warnings: (pod, old) => (old === undefined ? podWarnings(pod) : []),
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
