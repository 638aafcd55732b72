import { oneOf, spread } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { duration } from '#simulation/transcript.ts';

/** A link of little bandwidth and long latency: a satellite, or a modem. */
export const slowLink: Fault = {
  name: 'slow link',
  weight: 2,
  begin(world, random) {
    const { name } = oneOf(random, world.sites);
    const { state } = world.network.wire(name);
    if (state.bytesPerSecond !== Infinity) return undefined;
    const durationMs = spread(random, 60_000, 3_600_000);
    const usual = state.latencyMs;
    state.latencyMs = spread(random, 200, 3000);
    state.bytesPerSecond = spread(random, 300, 20_000);
    return {
      where: name,
      text: `link slow for ${duration(durationMs)}: ${state.latencyMs} ms, ${state.bytesPerSecond} bytes/s`,
      durationMs,
      end: () => {
        state.latencyMs = usual;
        state.bytesPerSecond = Infinity;
      },
    };
  },
};
