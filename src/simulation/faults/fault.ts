import type { World } from '#simulation/world.ts';
import type { Random } from '#system/random.ts';

/** A fault under way. */
export interface ActiveFault {
  /** Where: `hub`, or a site. */
  readonly where: string;
  readonly text: string;
  /** It ends by itself after this time, in milliseconds. */
  readonly durationMs: number;
  /** Puts right what it did. */
  end(): Promise<void> | void;
}

/** A way in which a world goes wrong. */
export interface Fault {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  /** Begins it somewhere, or returns undefined where that cannot be now. */
  begin(world: World, random: Random): ActiveFault | undefined;
}
