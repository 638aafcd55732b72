import { fullImageName, splitTag } from '#cri/image-name.ts';
import type { ContainerConfig, ContainerState, SandboxConfig } from '#cri/runtime.ts';
import {
  anyImage,
  type ImageCatalogue,
  type SimulatedImage,
  serverImage,
  simulatedImageId,
} from '#cri/simulated-images.ts';
import type { Program } from '#cri/simulated-program.ts';
import { must } from '#system/assert.ts';
import { type Clock, microTimestamp, type Timer } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { ProbeResult } from '#system/probe.ts';
import { type Random, randomInteger } from '#system/random.ts';

/** How the registries of a simulation answer. */
export type RegistryMode = 'up' | 'down' | 'refusing';

export interface SimulatedSandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  readonly createdMs: number;
  state: 'ready' | 'notReady';
  /** Absent in the host's network, and once stopped. */
  address?: string;
}

export interface SimulatedContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly sandbox: SandboxConfig;
  readonly image: SimulatedImage;
  readonly imageId: string;
  readonly createdMs: number;
  state: ContainerState;
  timers: Timer[];
}

/** An image that is on the host. */
export interface StoredImage {
  readonly id: string;
  readonly names: Set<string>;
  readonly image: SimulatedImage;
}

/** Lines of output kept of each container for {@link SimulatedMachine.printed}; older ones are dropped. */
const PRINTED_LINES_MAX = 1000;

/** The first of a host's pod addresses; a second host of a simulation is given another prefix. */
const DEFAULT_ADDRESS_PREFIX = '10.88';

/** Addresses of a prefix of two numbers, without the first and the last. */
const ADDRESSES_MAX = 256 * 256 - 2;

/**
 * The containers of one simulated host. It outlives the agents that look at it through `createSimulatedRuntime`, as real
 * containers outlive theirs; it moves by its clock alone.
 */
export class SimulatedMachine {
  readonly clock: Clock;
  readonly random: Random;
  readonly sandboxes = new Map<string, SimulatedSandbox>();
  readonly containers = new Map<string, SimulatedContainer>();
  readonly images = new Map<string, StoredImage>();
  readonly catalogue: ImageCatalogue;
  registry: RegistryMode = 'up';
  /** False: nothing answers at the runtime's socket. */
  isAnswering = true;
  readonly #disk: Disk;
  readonly #addressPrefix: string;
  readonly #printed = new Map<string, string[]>();
  readonly #writing = new Map<string, Promise<void>>();
  #nextAddress = 0;

  constructor(options: {
    clock: Clock;
    random: Random;
    disk: Disk;
    catalogue?: ImageCatalogue;
    addressPrefix?: string;
  }) {
    this.clock = options.clock;
    this.random = options.random;
    this.#disk = options.disk;
    this.catalogue = options.catalogue ?? anyImage;
    this.#addressPrefix = options.addressPrefix ?? DEFAULT_ADDRESS_PREFIX;
  }

  /** Puts an image on the host, as an import does; behaviour from the catalogue unless given. */
  addImage(reference: string, image: SimulatedImage = this.catalogue(reference) ?? serverImage): string {
    const name = fullImageName(reference);
    const id = simulatedImageId(name);
    const names = this.images.get(id)?.names ?? new Set();
    names.add(name);
    this.images.set(id, { id, names, image });
    return id;
  }

  /** The stored image of a name or id. */
  findImage(reference: string): StoredImage | undefined {
    const name = fullImageName(reference);
    const byDigest = name.includes('@') ? name.slice(name.indexOf('@') + 1) : name;
    return this.images.get(byDigest) ?? [...this.images.values()].find((stored) => stored.names.has(name));
  }

  /** Ends a running container as a fault would. */
  crash(containerId: string, end: { exitCode: number; reason?: string } = { exitCode: 1 }): void {
    this.end(must(this.containers.get(containerId), `there is no container ${containerId}`), end);
  }

  /** A power cut: nothing runs any more. Containers and images stay known, as on a disk. */
  powerOff(): void {
    for (const container of this.containers.values()) {
      this.#cancel(container);
      if (container.state.type === 'running') this.#exited(container, { exitCode: 255, reason: 'Unknown' });
    }
    for (const sandbox of this.sandboxes.values()) this.stopSandbox(sandbox);
  }

  /** What a container has printed. */
  printed(containerId: string): readonly string[] {
    return this.#printed.get(containerId) ?? [];
  }

  /** What a probe from the host finds: a server answers where it runs and has come up. */
  probe(probe: { readonly host: string; readonly port: number }): ProbeResult {
    const sandbox = [...this.sandboxes.values()].find(({ address }) => address === probe.host);
    for (const { sandboxId, state, image } of this.containers.values()) {
      if (sandboxId !== sandbox?.id || state.type !== 'running' || image.answersAfterMs === undefined)
        continue;
      if (this.clock.now() - state.startedMs >= image.answersAfterMs) return { ok: true };
    }
    return { ok: false, message: `dial tcp ${probe.host}:${probe.port}: connect: connection refused` };
  }

  /** A free pod address. */
  takeAddress(): string {
    const taken = new Set([...this.sandboxes.values()].map(({ address }) => address));
    for (let tries = 0; tries < ADDRESSES_MAX; tries++) {
      const number = 1 + (this.#nextAddress % ADDRESSES_MAX);
      this.#nextAddress += 1;
      const address = `${this.#addressPrefix}.${number >> 8}.${number & 0xff}`;
      if (!taken.has(address)) return address;
    }
    throw new Error('no pod address is free');
  }

  /** Runs a created container's program. */
  start(container: SimulatedContainer): void {
    const { config, image } = container;
    const program = image.program([...config.command, ...config.args]);
    container.state = { type: 'running', startedMs: this.clock.now() };
    this.#run(container, program);
  }

  /** SIGTERM: a program that heeds it ends within a fifth of a second. */
  terminate(container: SimulatedContainer): void {
    const { config, image } = container;
    const isOwnProgram = config.command.length === 0;
    if (!image.heedsTerm || !isOwnProgram || container.state.type !== 'running') return;
    this.#later(container, 20 + randomInteger(this.random, 180), () => this.end(container, { exitCode: 0 }));
  }

  /** Ends a running container now. */
  end(container: SimulatedContainer, end: { exitCode: number; reason?: string }): void {
    if (container.state.type !== 'running') return;
    this.#cancel(container);
    this.#exited(container, end);
  }

  /** Ends a sandbox's containers and takes its address. */
  stopSandbox(sandbox: SimulatedSandbox): void {
    for (const container of this.containers.values()) {
      if (container.sandboxId === sandbox.id) this.end(container, { exitCode: 137 });
    }
    sandbox.state = 'notReady';
    delete sandbox.address;
  }

  /** Forgets a container and what it printed; its log file stays. */
  forget(containerId: string): void {
    this.containers.delete(containerId);
    this.#printed.delete(containerId);
    this.#writing.delete(containerId);
  }

  #run(container: SimulatedContainer, program: Program): void {
    for (const { afterMs, text } of program.prints) {
      this.#later(container, afterMs, () => this.#print(container, text));
    }
    const { ends } = program;
    if (ends !== undefined)
      this.#later(container, ends.afterMs, () => this.end(container, { exitCode: ends.exitCode }));
  }

  #later(container: SimulatedContainer, delayMs: number, action: () => void): void {
    container.timers.push(this.clock.after(delayMs, action));
  }

  #cancel(container: SimulatedContainer): void {
    for (const timer of container.timers) timer.cancel();
    container.timers = [];
  }

  #exited(container: SimulatedContainer, end: { exitCode: number; reason?: string }): void {
    const startedMs = container.state.type === 'running' ? container.state.startedMs : 0;
    const reason = end.reason ?? (end.exitCode === 0 ? 'Completed' : 'Error');
    const finishedMs = this.clock.now();
    container.state = { type: 'exited', startedMs, finishedMs, exitCode: end.exitCode, reason, message: '' };
  }

  #print(container: SimulatedContainer, text: string): void {
    const lines = this.#printed.get(container.id) ?? [];
    lines.push(text);
    if (lines.length > PRINTED_LINES_MAX) lines.shift();
    this.#printed.set(container.id, lines);
    const stamp = microTimestamp(this.clock.now());
    const path = `${container.sandbox.logFolder}/${container.config.logPath}`;
    const before = this.#writing.get(container.id) ?? Promise.resolve();
    // A log that cannot be written is lost, as it would be; the container does not notice.
    const written = before
      .then(() => this.#disk.append(path, `${stamp} stdout F ${text}\n`))
      .catch(() => undefined);
    this.#writing.set(container.id, written);
  }
}

/** Tag names and digest names of a stored image. */
export function imageNames({ id, names }: StoredImage): { tags: string[]; digests: string[] } {
  const tags = [...names].filter((name) => !name.includes('@'));
  const repositories = new Set([...names].map((name) => splitTag(name.split('@')[0] ?? '').repository));
  return { tags, digests: [...repositories].map((repository) => `${repository}@${id}`) };
}
