import { between, oneOf, spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { duration } from '#simulation/transcript.ts';
import { pause } from '#system/clock.ts';

/** Connections are reset again and again. */
export const flappingLink: Fault = {
  name: 'flap',
  weight: 2,
  begin(world, random) {
    const { name } = oneOf(random, world.sites);
    const durationMs = spread(random, 5000, 10 * 60_000);
    const over = new AbortController();
    const flap = async (): Promise<void> => {
      while (!over.signal.aborted) {
        world.network.reset(name);
        await pause(world.clock, between(random, 200, 20_000), over.signal);
      }
    };
    void flap();
    return {
      where: name,
      text: `link flaps for ${duration(durationMs)}`,
      durationMs,
      end: () => over.abort(),
    };
  },
};
