import type { Pod } from '#api/core/pod.ts';
import type { AdmissionPlugin, AdmissionTarget } from '#apiserver/admission/plugin.ts';

/** The annotation of a pod that a host runs from a file of its own: no plugin changes it, as in Kubernetes. */
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/** Whether a request makes a pod. */
export function isPodCreation({ operation, type, subresource }: AdmissionTarget): boolean {
  return operation === 'create' && type.group === '' && type.kind === 'Pod' && subresource === undefined;
}

/** Whether a request makes a pod or writes it anew, not through a subresource. */
export function isPodWrite({ operation, type, subresource }: AdmissionTarget): boolean {
  const isWrite = operation === 'create' || operation === 'update';
  return isWrite && type.group === '' && type.kind === 'Pod' && subresource === undefined;
}

/** Whether the pod only mirrors one that a host runs already. */
export function isMirrorPod({ metadata }: Pod): boolean {
  return metadata.annotations !== undefined && Object.hasOwn(metadata.annotations, MIRROR_ANNOTATION);
}

/** Whether a request makes an object of one kind. */
export function createsKind(group: string, kind: string): AdmissionPlugin['handles'] {
  return ({ operation, type, subresource }) =>
    operation === 'create' && subresource === undefined && type.group === group && type.kind === kind;
}
