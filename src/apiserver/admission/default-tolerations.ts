import type { Toleration } from '#api/core/affinity.ts';
import type { Pod } from '#api/core/pod.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { isPodWrite } from '#apiserver/admission/pod-requests.ts';

/** How long a pod stays on a host that is away, in seconds: Kubernetes' default. */
const TOLERATION_SECONDS = 300;

const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/**
 * Kubernetes' DefaultTolerationSeconds: a pod stays for five minutes on a host that is not ready or not to be reached; also one
 * that is written anew by a client that knows nothing of that.
 */
export const defaultTolerations: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: isPodWrite,
  mutate({ object }) {
    const { spec } = object as Pod;
    for (const key of TAINTS) {
      if (spec.tolerations?.some((toleration) => isAbout(toleration, key)) === true) continue;
      (spec.tolerations ??= []).push({
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: TOLERATION_SECONDS,
      });
    }
  },
};

function isAbout({ key = '', effect }: Toleration, taint: string): boolean {
  return (key === taint || key === '') && [undefined, '', 'NoExecute'].includes(effect);
}
