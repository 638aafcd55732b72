import type { Pod } from '#api/core/pod.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';

/** Kubernetes' ServiceAccount admission, as far as the name goes: a pod that names no account runs as `default`. */
export const serviceAccountAdmission: AdmissionPlugin = {
  name: 'ServiceAccount',
  handles: ({ operation, type, subresource }) =>
    operation === 'create' && type.group === '' && type.kind === 'Pod' && subresource === undefined,
  mutate({ object }) {
    const { spec } = object as Pod;
    spec.serviceAccountName ??= 'default';
    spec.serviceAccount = spec.serviceAccountName;
  },
};
