import type { Runtime } from '#cri/runtime.ts';
import type { SimulatedContainer, SimulatedMachine } from '#cri/simulated-machine.ts';

/** What an invariant sees of one host's containers. */
export interface ContainerWatcher {
  /** The agent asks for a running container to be stopped, directly or with its sandbox. */
  stopping(container: SimulatedContainer): void;
  started(container: SimulatedContainer): void;
}

/** The same runtime; stops of running containers are told before they are done, starts after. */
export function observedRuntime(
  runtime: Runtime,
  { machine, watcher }: { machine: SimulatedMachine; watcher: ContainerWatcher },
): Runtime {
  const stopping = (isMeant: (container: SimulatedContainer) => boolean): void => {
    if (!machine.isAnswering) return;
    for (const container of machine.containers.values()) {
      if (container.state.type === 'running' && isMeant(container)) watcher.stopping(container);
    }
  };
  return {
    ...runtime,
    async stopContainer(id, graceSeconds) {
      stopping((container) => container.id === id);
      await runtime.stopContainer(id, graceSeconds);
    },
    async removeContainer(id) {
      stopping((container) => container.id === id);
      await runtime.removeContainer(id);
    },
    async stopSandbox(id) {
      stopping((container) => container.sandboxId === id);
      await runtime.stopSandbox(id);
    },
    async removeSandbox(id) {
      stopping((container) => container.sandboxId === id);
      await runtime.removeSandbox(id);
    },
    async startContainer(id) {
      await runtime.startContainer(id);
      const container = machine.containers.get(id);
      if (container !== undefined) watcher.started(container);
    },
  };
}
