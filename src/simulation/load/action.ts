import type { World } from '#simulation/world.ts';
import type { Random } from '#system/random.ts';

/** Something that a person does now and then. */
export interface Action {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  /** Does it; returns where, and what was done, or undefined where there is nothing to do. Rejects with what the API says. */
  act(world: World, random: Random): Promise<{ readonly where: string; readonly text: string } | undefined>;
}
