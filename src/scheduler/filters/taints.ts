import type { Toleration } from '#api/core/affinity.ts';
import type { Taint } from '#api/core/node.ts';
import { type Filter, FITS } from '#scheduler/surroundings.ts';

/** A host with a taint that the demand does not tolerate takes nothing of it (Kubernetes docs, "Taints and Tolerations"). */
export const taintsFilter: Filter = {
  name: 'TaintToleration',
  prepare:
    ({ tolerations }) =>
    ({ taints }) => {
      if (taints.length === 0) return FITS;
      const untolerated = taints.find((taint) => taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations));
      if (untolerated === undefined) return FITS;
      if (untolerated.key === 'node.kubernetes.io/unschedulable') return ['node(s) were unschedulable'];
      return [`node(s) had untolerated taint {${untolerated.key}: ${untolerated.value ?? ''}}`];
    },
};

export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

/** An absent or empty effect or key means any; `Gt` and `Lt` compare whole numbers. */
function tolerates({ effect, key = '', operator = 'Equal', value = '' }: Toleration, taint: Taint): boolean {
  if (![taint.effect, undefined, ''].includes(effect)) return false;
  if (key !== '' && key !== taint.key) return false;
  switch (operator) {
    case 'Exists':
      return true;
    case 'Equal':
      return key !== '' && value === (taint.value ?? '');
    case 'Gt':
      return isWhole(value) && isWhole(taint.value) && Number(taint.value) > Number(value);
    case 'Lt':
      return isWhole(value) && isWhole(taint.value) && Number(taint.value) < Number(value);
  }
}

function isWhole(text: string | undefined): boolean {
  return /^-?\d{1,15}$/.test(text ?? '');
}
