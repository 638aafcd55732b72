/** What the parts of an expression cost beside their arguments, in Kubernetes' units. */
export const COSTS = { identifier: 1, select: 1, list: 10, map: 30, struct: 40 } as const;

/** What a macro costs beside its range and what it does for each element, in the steps that cel-go expands it to. */
export const MACRO_COSTS = {
  /** The condition and the operator of each round, and the result. */
  all: { round: 3, once: 1 },
  exists: { round: 4, once: 1 },
  existsOne: { round: 2, once: 2 },
  map: { round: 2 + COSTS.list, once: 1 + COSTS.list },
  filter: { round: 3 + COSTS.list, once: 1 + COSTS.list },
  transformMap: { round: 3, once: 1 + COSTS.map },
  transformMapEntry: { round: 2, once: 1 + COSTS.map },
} as const;
