import { oneOf, spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { duration } from '#simulation/transcript.ts';

/** A site's process dies; its containers run on, and the next process takes them over. */
export const siteCrash: Fault = {
  name: 'site crash',
  weight: 3,
  begin(world, random) {
    const site = oneOf(random, world.sites);
    if (site.running === undefined) return undefined;
    const durationMs = spread(random, 500, 1_800_000);
    site.kill();
    return {
      where: site.name,
      text: `process killed, back in ${duration(durationMs)}`,
      durationMs,
      end: () => site.start(),
    };
  },
};
