import { oneOf, spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { duration } from '#simulation/transcript.ts';
import type { Direction } from '#simulation/wire.ts';

const WAYS: readonly { readonly text: string; readonly directions: readonly Direction[] }[] = [
  { text: 'both ways', directions: ['toHub', 'toSite'] },
  { text: 'both ways', directions: ['toHub', 'toSite'] },
  { text: 'towards the hub', directions: ['toHub'] },
  { text: 'towards the site', directions: ['toSite'] },
];

/** Nothing gets through between the hub and a site, both ways or one way, for seconds or for hours. */
export const cutLink: Fault = {
  name: 'cut',
  weight: 5,
  begin(world, random) {
    const { name } = oneOf(random, world.sites);
    const wire = world.network.wire(name);
    if (wire.state.cut.size > 0) return undefined;
    const way = oneOf(random, WAYS);
    const durationMs = spread(random, 1000, 3 * 3_600_000);
    for (const direction of way.directions) wire.cut(direction);
    return {
      where: name,
      text: `link cut ${way.text} for ${duration(durationMs)}`,
      durationMs,
      end: () => {
        for (const direction of way.directions) wire.mend(direction);
      },
    };
  },
};
