import { isTolerated } from '#api/core/toleration-match.ts';
import { FITS, type Filter } from '#scheduler/surroundings.ts';

/** A host with a taint that the demand does not tolerate takes nothing of it (Kubernetes docs, "Taints and Tolerations"). */
export const taintsFilter: Filter = {
  name: 'TaintToleration',
  prepare:
    ({ tolerations }) =>
    ({ taints }) => {
      if (taints.length === 0) return FITS;
      const untolerated = taints.find(
        (taint) => taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations),
      );
      if (untolerated === undefined) return FITS;
      if (untolerated.key === 'node.kubernetes.io/unschedulable') return ['node(s) were unschedulable'];
      return [`node(s) had untolerated taint {${untolerated.key}: ${untolerated.value ?? ''}}`];
    },
};
