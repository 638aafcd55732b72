import { oneOf, spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { COMMIT_MS } from '#simulation/simulated-log.ts';
import { duration } from '#simulation/transcript.ts';

/** A disk takes long to make a commit durable: crashes then fall between a request and its answer. */
export const slowDisk: Fault = {
  name: 'slow disk',
  weight: 3,
  begin(world, random) {
    const name = oneOf(random, ['hub', ...world.sites.map((site) => site.name)]);
    const { speed } = (name === 'hub' ? world.hub : world.site(name)).disk;
    if (speed.commitMs !== COMMIT_MS) return undefined;
    const durationMs = spread(random, 5000, 1_200_000);
    speed.commitMs = spread(random, 20, 3000);
    return {
      where: name,
      text: `disk slow for ${duration(durationMs)}: ${speed.commitMs} ms a commit`,
      durationMs,
      end: () => {
        speed.commitMs = COMMIT_MS;
      },
    };
  },
};
