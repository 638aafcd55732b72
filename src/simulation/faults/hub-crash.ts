import { spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { duration } from '#simulation/transcript.ts';

/** The hub's process dies, and is started again after a while from what its disk has. */
export const hubCrash: Fault = {
  name: 'hub crash',
  weight: 3,
  begin({ hub }, random) {
    if (hub.running === undefined) return undefined;
    const durationMs = spread(random, 500, 3_600_000);
    hub.kill();
    return {
      where: 'hub',
      text: `process killed, back in ${duration(durationMs)}`,
      durationMs,
      end: () => hub.start(),
    };
  },
};
