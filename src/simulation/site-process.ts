import { createSimulatedRuntime } from '#cri/simulated.ts';
import { SimulatedMachine } from '#cri/simulated-machine.ts';
import { noMemoryMounts } from '#kubelet/volumes/memory-mounts.ts';
import { fork } from '#simulation/chance.ts';
import type { Ground } from '#simulation/ground.ts';
import type { Running } from '#simulation/hub-process.ts';
import { observedRuntime } from '#simulation/observed-runtime.ts';
import { ProcessLife } from '#simulation/process-life.ts';
import { StoreHost } from '#simulation/store-host.ts';
import { userClient } from '#simulation/user-client.ts';
import { createSiteCore, type SiteCore } from '#site/site-core.ts';
import { createSimulatedProber } from '#system/probe.ts';
import type { Random } from '#system/random.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';

const DATA_FOLDER = '/data';

/** Where volumes of API objects are: a tmpfs, empty after a power cut. */
const MEMORY_FOLDER = `${DATA_FOLDER}/memory`;

const CAPACITY = { cpu: '4', memory: '8Gi', 'ephemeral-storage': '64Gi', pods: '110' };

/** One site's machine: disk, containers, and the site's process on it. */
export class SiteProcess {
  readonly name: string;
  readonly disk: StoreHost;
  readonly machine: SimulatedMachine;
  running: Running<SiteCore> | undefined;
  readonly #ground: Ground;
  readonly #random: Random;
  readonly #files: SimulatedDisk;
  #boots = 0;

  constructor(name: string, ground: Ground, random: Random) {
    this.name = name;
    this.#ground = ground;
    this.#random = random;
    this.disk = new StoreHost(name, { random: fork(random), plant: ground.plant });
    this.#files = new SimulatedDisk(ground.clock);
    this.machine = new SimulatedMachine({ clock: ground.clock, random: fork(random), disk: this.#files });
  }

  async start(): Promise<void> {
    const { clock, network, watchers, logOf, plant, bundleKey } = this.#ground;
    const { name, machine } = this;
    const life = new ProcessLife(clock);
    const store = await this.disk.open(life, {
      acknowledged: (operations, result) => watchers.committed(name, operations, result),
    });
    const observed = observedRuntime(createSimulatedRuntime(machine), {
      machine,
      watcher: watchers.containersOf(name),
    });
    const wire = network.of(name, life);
    const random = fork(this.#random);
    watchers.opened(name, await store.list(''));
    const core = createSiteCore({
      name,
      software: 'simulated',
      store,
      serviceCidr: '10.61.0.0/16',
      authority: 'authority',
      hub: { address: 'hub:6443', tls: { authority: 'authority' }, bundleKeys: [bundleKey()] },
      kubelet: {
        runtime: life.reach(plant?.runtime?.(observed, machine) ?? observed),
        prober: life.reach(createSimulatedProber((probe) => machine.probe(probe))),
        mounts: noMemoryMounts,
        nodeName: name,
        hostAddress: '192.0.2.1',
        labels: {},
        machine: {
          capacity: CAPACITY,
          allocatable: CAPACITY,
          architecture: 'amd64',
          kernelVersion: '6.18.0',
          osImage: 'Simulated',
          machineId: name,
          systemUuid: name,
          bootId: `${name}-${this.#boots}`,
        },
        dataFolder: DATA_FOLDER,
        dns: { serverAddresses: ['10.61.0.10'], domain: 'cluster.local' },
        cgroupParent: '',
      },
      system: {
        clock: life.clock,
        random,
        disk: life.reach(this.#files),
        network: plant?.network?.(wire, { name, clock: life.clock }) ?? wire,
        log: logOf(name),
      },
    });
    this.running = { life, core, store, client: userClient(core, life) };
    this.#ground.supervise(name, { life, run: (signal) => core.run(signal) });
  }

  /** Ends the site's process as SIGKILL does. Its containers run on. */
  kill(): void {
    this.#die({ silently: false });
  }

  /** The whole place goes dark: nothing runs any more, and the hub hears no farewell. */
  async losePower(): Promise<void> {
    this.#die({ silently: true });
    this.machine.powerOff();
    this.#boots += 1;
    await this.#files.remove(MEMORY_FOLDER);
  }

  #die(options: { silently: boolean }): void {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    running.life.kill();
    this.#ground.network.processDied(running.life, options);
  }
}
