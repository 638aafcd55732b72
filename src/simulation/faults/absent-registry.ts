import { oneOf, spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { duration } from '#simulation/transcript.ts';

/** No image can be pulled at a site. */
export const absentRegistry: Fault = {
  name: 'registry',
  weight: 1,
  begin(world, random) {
    const { name, machine } = oneOf(random, world.sites);
    if (machine.registry !== 'up') return undefined;
    const durationMs = spread(random, 5000, 3_600_000);
    machine.registry = 'down';
    return {
      where: name,
      text: `registry out of reach for ${duration(durationMs)}`,
      durationMs,
      end: () => {
        machine.registry = 'up';
      },
    };
  },
};
