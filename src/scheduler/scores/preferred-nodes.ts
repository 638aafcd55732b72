import { nodeTermMatcher } from '#api/core/node-selector-match.ts';
import { relativeToBest } from '#scheduler/scores/relative.ts';
import type { Score } from '#scheduler/surroundings.ts';

/** Preferred node affinity: the sum of the weights of the terms that a host matches. */
export const preferredNodesScore: Score = {
  name: 'NodeAffinity',
  weight: 2,
  prepare: ({ preferredNodes }, _surroundings, feasible) => {
    if (preferredNodes.length === 0) return undefined;
    const terms = preferredNodes.map(({ weight, preference }) => ({
      weight,
      matches: nodeTermMatcher(preference),
    }));
    return relativeToBest(feasible, (host) =>
      terms.reduce((sum, { weight, matches }) => (matches(host) ? sum + weight : sum), 0),
    );
  },
};
