import { between, oneOf } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';

/** A process dies a moment after it has acknowledged a write, when what was acknowledged must already be safe. */
export const crashAfterWrite: Fault = {
  name: 'crash after write',
  weight: 3,
  begin(world, random) {
    const where = oneOf(random, ['hub', 'hub', ...world.sites.map((site) => site.name)]);
    const machine = where === 'hub' ? world.hub : world.site(where);
    if (machine.running === undefined) return undefined;
    const delayMs = between(random, 0, 40);
    const forget = world.onNextCommit(where, () => {
      world.clock.after(delayMs, () => {
        if (machine.running === undefined) return;
        world.transcript.add(where, `fault  process killed ${delayMs} ms after a write`);
        machine.kill();
        world.clock.after(between(random, 500, 30_000), () => {
          if (machine.running === undefined) void machine.start();
        });
      });
    });
    return { where, text: 'process will die after its next write', durationMs: 5 * 60_000, end: forget };
  },
};
