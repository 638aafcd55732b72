import { oneOf } from '#simulation/chance.ts';
import type { Fault } from '#simulation/faults/fault.ts';

/** A container's program ends by itself. */
export const containerExit: Fault = {
  name: 'exit',
  weight: 3,
  begin(world, random) {
    const { name, machine } = oneOf(random, world.sites);
    const running = [...machine.containers.values()].filter(({ state }) => state.type === 'running');
    if (running.length === 0) return undefined;
    const { id, sandbox, config } = oneOf(random, running);
    machine.crash(id, { exitCode: oneOf(random, [0, 1, 137]) });
    return {
      where: name,
      text: `container "${config.name}" of pod ${sandbox.pod.name} exits`,
      durationMs: 0,
      end: () => undefined,
    };
  },
};
