import type { Plant } from '#simulation/plant.ts';

/** Of so many containers that are started, the start of one stops another one. */
const STARTS_PER_STOP = 8;

/** An agent that now and then stops a container that nobody wants stopped. */
export const wrongStop: Plant = {
  name: 'wrong-stop',
  text: `one of ${STARTS_PER_STOP} starts of containers stops another one`,
  runtime(runtime, machine) {
    let starts = 0;
    return {
      ...runtime,
      async startContainer(id) {
        await runtime.startContainer(id);
        starts += 1;
        const other = [...machine.containers.values()].find(
          (container) => container.id !== id && container.state.type === 'running',
        );
        if (other !== undefined && starts % STARTS_PER_STOP === 0) await runtime.stopContainer(other.id, 0);
      },
    };
  },
};
