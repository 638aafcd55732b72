import type { Toleration } from '#api/core/affinity.ts';
import type { Taint } from '#api/core/node.ts';

/** Whether one of the tolerations tolerates a taint (Kubernetes docs, "Taints and Tolerations"). */
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
