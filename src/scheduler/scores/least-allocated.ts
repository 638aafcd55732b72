import { SCORE_MAX, type Score } from '#scheduler/surroundings.ts';

/** Prefers the host with the most cpu and memory left, both alike. */
export const leastAllocatedScore: Score = {
  name: 'LeastAllocated',
  weight: 1,
  prepare:
    ({ scoredRequests }, { occupancy }) =>
    ({ name, allocatable }) => {
      const { scored } = occupancy.on(name);
      const shares = ['cpu', 'memory'].map((resource) => {
        const capacity = allocatable[resource] ?? 0;
        const left = capacity - (scored[resource] ?? 0) - (scoredRequests[resource] ?? 0);
        return capacity === 0 || left < 0 ? 0 : left / capacity;
      });
      return (SCORE_MAX * shares.reduce((sum, share) => sum + share, 0)) / shares.length;
    },
};
