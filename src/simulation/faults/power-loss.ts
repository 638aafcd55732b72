import { oneOf, spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { duration } from '#simulation/transcript.ts';

/** A whole site goes dark: process and containers end at once; the disk keeps what was durable. */
export const powerLoss: Fault = {
  name: 'power loss',
  weight: 2,
  begin(world, random) {
    const site = oneOf(random, world.sites);
    if (site.running === undefined) return undefined;
    const durationMs = spread(random, 5000, 3_600_000);
    const dark = site.losePower();
    return {
      where: site.name,
      text: `power lost for ${duration(durationMs)}`,
      durationMs,
      end: async () => {
        await dark;
        await site.start();
      },
    };
  },
};
