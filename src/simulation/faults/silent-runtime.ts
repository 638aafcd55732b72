import { oneOf, spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { duration } from '#simulation/transcript.ts';

/** A site's container runtime does not answer; its containers run on. */
export const silentRuntime: Fault = {
  name: 'runtime',
  weight: 2,
  begin(world, random) {
    const { name, machine } = oneOf(random, world.sites);
    if (!machine.isAnswering) return undefined;
    const durationMs = spread(random, 1000, 1_800_000);
    machine.isAnswering = false;
    return {
      where: name,
      text: `container runtime silent for ${duration(durationMs)}`,
      durationMs,
      end: () => {
        machine.isAnswering = true;
      },
    };
  },
};
