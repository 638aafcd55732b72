import { oneByWeight, waiting } from '#simulation/chance.ts';
import { FAULTS } from '#simulation/faults/all-faults.ts';
import type { ActiveFault } from '#simulation/faults/fault.ts';
import type { World } from '#simulation/world.ts';
import { pause } from '#system/clock.ts';
import type { Random } from '#system/random.ts';

/** Mean time between two faults, in milliseconds. Several may be under way at the same time. */
const FAULT_MEAN_MS = 3 * 60_000;

/** Begins faults at random times until `signal` aborts; then ends those that are still under way. */
export async function runFaults(world: World, random: Random, signal: AbortSignal): Promise<void> {
  const active = new Set<ActiveFault>();
  const end = async (fault: ActiveFault): Promise<void> => {
    if (!active.delete(fault)) return;
    await fault.end();
    if (fault.durationMs > 0) world.transcript.add(fault.where, `over   ${fault.text}`);
  };
  while (!signal.aborted) {
    await pause(world.clock, waiting(random, FAULT_MEAN_MS), signal);
    if (signal.aborted) break;
    const fault = oneByWeight(random, FAULTS).begin(world, random);
    if (fault === undefined) continue;
    active.add(fault);
    world.transcript.add(fault.where, `fault  ${fault.text}`);
    world.clock.after(fault.durationMs, () => void end(fault));
  }
  for (const fault of active) await end(fault);
  if (world.hub.running === undefined) await world.hub.start();
  for (const site of world.sites) if (site.running === undefined) await site.start();
}
