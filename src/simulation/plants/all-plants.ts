import type { Plant } from '#simulation/plant.ts';

/** Every defect that can be planted, by name. */
export const PLANTS: readonly Plant[] = [];
