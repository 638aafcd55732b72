import type { SandboxConfig } from '#cri/runtime.ts';
import type { Plant } from '#simulation/plant.ts';

/** Of so many containers that are started, one is started twice. */
const STARTS_PER_DOUBLE = 4;

/** A runtime by whose fault two containers run where one was asked for. */
export const doubleStart: Plant = {
  name: 'double-start',
  text: `one of ${STARTS_PER_DOUBLE} containers is started twice`,
  runtime(runtime, machine) {
    let starts = 0;
    return {
      ...runtime,
      async startContainer(id) {
        await runtime.startContainer(id);
        starts += 1;
        const container = machine.containers.get(id);
        if (container === undefined || starts % STARTS_PER_DOUBLE !== 0) return;
        const { config, sandboxId } = container;
        const sandbox: SandboxConfig = container.sandbox;
        const second = await runtime.createContainer(
          sandboxId,
          { ...config, attempt: config.attempt + 1 },
          sandbox,
        );
        await runtime.startContainer(second);
      },
    };
  },
};
