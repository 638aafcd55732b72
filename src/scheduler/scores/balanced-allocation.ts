import { SCORE_MAX, type Score } from '#scheduler/surroundings.ts';

/** Prefers the host whose cpu and memory would be used to the same degree: what is left of both stays of use. */
export const balancedAllocationScore: Score = {
  name: 'BalancedAllocation',
  weight: 1,
  prepare:
    ({ requests }, { occupancy }) =>
    ({ name, allocatable }) => {
      const { requested } = occupancy.on(name);
      const usedShare = (resource: string): number => {
        const capacity = allocatable[resource] ?? 0;
        return capacity === 0
          ? 1
          : Math.min(1, ((requested[resource] ?? 0) + (requests[resource] ?? 0)) / capacity);
      };
      return SCORE_MAX * (1 - Math.abs(usedShare('cpu') - usedShare('memory')) / 2);
    },
};
