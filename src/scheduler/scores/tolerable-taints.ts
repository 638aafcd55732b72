import { isTolerated } from '#api/core/toleration-match.ts';
import { relativeToRange } from '#scheduler/scores/relative.ts';
import type { Score } from '#scheduler/surroundings.ts';

/** Prefers hosts with fewer taints of `PreferNoSchedule` that the demand does not tolerate. */
export const tolerableTaintsScore: Score = {
  name: 'TaintToleration',
  weight: 3,
  prepare: ({ tolerations }, _surroundings, feasible) => {
    if (!feasible.some(({ taints }) => taints.some(({ effect }) => effect === 'PreferNoSchedule')))
      return undefined;
    return relativeToRange(
      feasible,
      ({ taints }) =>
        -taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations))
          .length,
    );
  },
};
