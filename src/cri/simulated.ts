import { fullImageName } from '#cri/image-name.ts';
import {
  type Container,
  type ContainerConfig,
  type ExecResult,
  type Image,
  ImagePullError,
  type Runtime,
  RuntimeRequestError,
  RuntimeUnavailableError,
  type SandboxConfig,
} from '#cri/runtime.ts';
import {
  imageNames,
  type SimulatedContainer,
  type SimulatedMachine,
  type StoredImage,
} from '#cri/simulated-machine.ts';
import { interpret } from '#cri/simulated-program.ts';
import { sleep } from '#system/clock.ts';
import { randomInteger } from '#system/random.ts';

/** How long requests take, in milliseconds, from and up to: about what containerd takes on a small host. */
const DURATIONS_MS = {
  look: [1, 3],
  runSandbox: [60, 100],
  create: [6, 16],
  start: [45, 65],
  stop: [40, 55],
  stopSandbox: [54, 72],
  remove: [16, 21],
  exec: [27, 45],
  pull: [300, 3000],
} as const;

/** A container runtime over a simulated machine: the agent's view, which may be closed and opened again. */
export function createSimulatedRuntime(machine: SimulatedMachine): Runtime {
  const { clock, random } = machine;

  /** What every request does first: it takes its time, and fails where nothing answers. */
  const request = async (kind: keyof typeof DURATIONS_MS): Promise<void> => {
    assertAnswering(machine);
    const [from, to] = DURATIONS_MS[kind];
    await sleep(clock, from + randomInteger(random, to - from + 1));
    assertAnswering(machine);
  };
  const containerOf = (id: string): SimulatedContainer => {
    const container = machine.containers.get(id);
    if (container === undefined) throw notFound(`container "${id}"`);
    return container;
  };

  return {
    async version() {
      await request('look');
      return { runtimeName: 'simulated', runtimeVersion: '1.0.0' };
    },
    async listSandboxes() {
      await request('look');
      return [...machine.sandboxes.values()].map(({ id, config, state, createdMs }) => {
        return {
          id,
          pod: config.pod,
          attempt: config.attempt,
          state,
          createdMs,
          annotations: config.annotations,
        };
      });
    },
    async listContainers() {
      await request('look');
      return [...machine.containers.values()].map(describe);
    },
    async runSandbox(config) {
      await request('runSandbox');
      assertFreeSandbox(machine, config);
      const id = newId(machine);
      const address = config.hostNetwork ? {} : { address: machine.takeAddress() };
      machine.sandboxes.set(id, { id, config, createdMs: clock.now(), state: 'ready', ...address });
      return id;
    },
    async stopSandbox(sandboxId) {
      await request('stopSandbox');
      const sandbox = machine.sandboxes.get(sandboxId);
      if (sandbox !== undefined) machine.stopSandbox(sandbox);
    },
    async removeSandbox(sandboxId) {
      await request('stopSandbox');
      await request('remove');
      const sandbox = machine.sandboxes.get(sandboxId);
      if (sandbox === undefined) return;
      machine.stopSandbox(sandbox);
      for (const container of machine.containers.values()) {
        if (container.sandboxId === sandboxId) machine.forget(container.id);
      }
      machine.sandboxes.delete(sandboxId);
    },
    async sandboxAddresses(sandboxId) {
      await request('look');
      const sandbox = machine.sandboxes.get(sandboxId);
      if (sandbox === undefined) throw notFound(`sandbox "${sandboxId}"`);
      return sandbox.address === undefined ? [] : [sandbox.address];
    },
    async createContainer(sandboxId, config, sandbox) {
      await request('create');
      return createContainer(machine, { sandboxId, config, sandbox });
    },
    async startContainer(containerId) {
      await request('start');
      const container = containerOf(containerId);
      if (container.state.type !== 'created') throw wrongState(container);
      if (machine.sandboxes.get(container.sandboxId)?.state !== 'ready') throw wrongState(container);
      machine.start(container);
    },
    async stopContainer(containerId, graceSeconds) {
      const container = machine.containers.get(containerId);
      await request('stop');
      if (container === undefined) return;
      if (graceSeconds > 0) await waitForEnd(machine, container, graceSeconds * 1000);
      machine.end(container, { exitCode: 137 });
    },
    async removeContainer(containerId) {
      await request('remove');
      const container = machine.containers.get(containerId);
      if (container !== undefined) machine.end(container, { exitCode: 137 });
      machine.forget(containerId);
    },
    async execSync(containerId, command, timeoutMs) {
      await request('exec');
      const container = containerOf(containerId);
      if (container.state.type !== 'running') throw wrongState(container);
      return execute(machine, command, timeoutMs);
    },
    async imageStatus(image) {
      await request('look');
      const stored = machine.findImage(image);
      return stored === undefined ? undefined : imageOf(stored);
    },
    async pullImage(image) {
      await request('pull');
      return pull(machine, image);
    },
    async listImages() {
      await request('look');
      return [...machine.images.values()].map(imageOf);
    },
    async removeImage(imageId) {
      await request('remove');
      const stored = machine.findImage(imageId);
      if (stored !== undefined) machine.images.delete(stored.id);
    },
    async stats() {
      await request('look');
      const atMs = clock.now();
      return [...machine.containers.values()].flatMap(({ id, state, image }) => {
        if (state.type !== 'running') return [];
        // One hundredth of a core: a server that is idle.
        const cpuNanoseconds = (atMs - state.startedMs) * 10_000;
        return [{ containerId: id, atMs, cpuNanoseconds, memoryWorkingSetBytes: image.memoryBytes }];
      });
    },
    async reopenLog(containerId) {
      await request('look');
      containerOf(containerId);
    },
    async streamUrl(stream) {
      await request('look');
      throw new RuntimeRequestError(`a simulated runtime has no streams: ${stream.type}`, {
        code: 'UNIMPLEMENTED',
      });
    },
    async [Symbol.asyncDispose]() {
      // The machine goes on; nothing of it belongs to this view.
    },
  };
}

function assertAnswering(machine: SimulatedMachine): void {
  if (!machine.isAnswering) throw new RuntimeUnavailableError('the container runtime: nothing answers');
}

function assertFreeSandbox(machine: SimulatedMachine, { pod, attempt }: SandboxConfig): void {
  for (const { config } of machine.sandboxes.values()) {
    if (config.pod.uid === pod.uid && config.attempt === attempt) {
      throw new RuntimeRequestError(`a sandbox ${attempt} of pod "${pod.name}" exists`, { code: 'UNKNOWN' });
    }
  }
}

function createContainer(
  machine: SimulatedMachine,
  given: { sandboxId: string; config: ContainerConfig; sandbox: SandboxConfig },
): string {
  const { sandboxId, config } = given;
  const sandbox = machine.sandboxes.get(sandboxId);
  if (sandbox === undefined) throw notFound(`sandbox "${sandboxId}"`);
  const stored = machine.findImage(config.image);
  if (stored === undefined) throw notFound(`image "${config.image}"`);
  for (const other of machine.containers.values()) {
    const isSame = other.config.name === config.name && other.config.attempt === config.attempt;
    if (other.sandboxId === sandboxId && isSame) {
      throw new RuntimeRequestError(`a container ${config.attempt} "${config.name}" exists`, {
        code: 'UNKNOWN',
      });
    }
  }
  const id = newId(machine);
  machine.containers.set(id, {
    ...given,
    id,
    image: stored.image,
    imageId: imageNames(stored).digests[0] ?? stored.id,
    createdMs: machine.clock.now(),
    state: { type: 'created' },
    timers: [],
  });
  return id;
}

function describe(container: SimulatedContainer): Container {
  const { config, sandbox } = container;
  return {
    id: container.id,
    sandboxId: container.sandboxId,
    pod: sandbox.pod,
    name: config.name,
    attempt: config.attempt,
    state: container.state,
    image: config.image,
    imageId: container.imageId,
    createdMs: container.createdMs,
    logPath: `${sandbox.logFolder}/${config.logPath}`,
    annotations: config.annotations,
  };
}

/** SIGTERM, and up to the time of grace for the container to end. */
async function waitForEnd(
  machine: SimulatedMachine,
  container: SimulatedContainer,
  graceMs: number,
): Promise<void> {
  const { clock } = machine;
  const deadlineMs = clock.monotonic() + graceMs;
  machine.terminate(container);
  while (container.state.type === 'running' && clock.monotonic() < deadlineMs) {
    await sleep(clock, Math.min(50, deadlineMs - clock.monotonic()));
  }
}

/** A command that is not understood ends well and prints nothing. */
async function execute(
  machine: SimulatedMachine,
  command: readonly string[],
  timeoutMs: number,
): Promise<ExecResult> {
  const program = interpret(command) ?? { prints: [], ends: { afterMs: 0, exitCode: 0 } };
  const afterMs = program.ends?.afterMs ?? Number.POSITIVE_INFINITY;
  await sleep(machine.clock, Math.min(afterMs, timeoutMs));
  if (program.ends === undefined || afterMs > timeoutMs) {
    throw new RuntimeRequestError(`the command did not end within ${timeoutMs} ms`, {
      code: 'DEADLINE_EXCEEDED',
    });
  }
  const stdout = program.prints.map(({ text }) => `${text}\n`).join('');
  return { exitCode: program.ends.exitCode, stdout, stderr: '' };
}

function pull(machine: SimulatedMachine, image: string): string {
  const name = fullImageName(image);
  // No registry is at an address of the host itself.
  if (machine.registry === 'down' || name.startsWith('127.0.0.1:')) {
    throw new ImagePullError(`image "${image}" could not be fetched now: no such host`, {
      reason: 'unavailable',
    });
  }
  if (machine.registry === 'refusing') {
    throw new ImagePullError(`image "${image}" may not be pulled: unauthorized`, { reason: 'refused' });
  }
  const found = machine.catalogue(name);
  if (found === undefined) throw new ImagePullError(`image "${image}" was not found`, { reason: 'notFound' });
  return machine.addImage(name, found);
}

function imageOf(stored: StoredImage): Image {
  return { id: stored.id, ...imageNames(stored), sizeBytes: stored.image.sizeBytes };
}

function newId({ random }: SimulatedMachine): string {
  return Buffer.from(random.bytes(32)).toString('hex');
}

function notFound(what: string): RuntimeRequestError {
  return new RuntimeRequestError(`${what}: not found`, { code: 'NOT_FOUND' });
}

function wrongState({ id, state }: SimulatedContainer): RuntimeRequestError {
  return new RuntimeRequestError(`container "${id}" is in state ${state.type}`, { code: 'UNKNOWN' });
}
