import type { InvariantMaker } from '#simulation/invariant.ts';

/** No two running containers for one container of a pod. */
export const oneContainer: InvariantMaker = (world, broken) => ({
  name: 'one-container',
  containerStarted(site, started) {
    for (const other of world.site(site).machine.containers.values()) {
      const isSame =
        other.sandbox.pod.uid === started.sandbox.pod.uid && other.config.name === started.config.name;
      if (
        isSame &&
        other.id !== started.id &&
        other.state.type === 'running' &&
        started.state.type === 'running'
      ) {
        broken(
          `${site}: pod ${started.sandbox.pod.name} has two running containers "${started.config.name}"`,
        );
      }
    }
  },
});
