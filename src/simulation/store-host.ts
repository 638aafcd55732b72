import { fork } from '#simulation/chance.ts';
import { observedStore, type StoreObserver } from '#simulation/observed-store.ts';
import type { Plant } from '#simulation/plant.ts';
import type { ProcessLife } from '#simulation/process-life.ts';
import { COMMIT_MS, type DiskSpeed, logOnDisk } from '#simulation/simulated-log.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import type { Store } from '#store/store.ts';
import type { Random } from '#system/random.ts';

/** Where the store of one machine lies: it outlives the processes that open it. */
export class StoreHost {
  readonly speed: DiskSpeed = { commitMs: COMMIT_MS };
  readonly #kept = createMemoryLog();
  readonly #random: Random;
  readonly #name: string;
  readonly #plant: Plant | undefined;

  constructor(name: string, { random, plant }: { random: Random; plant: Plant | undefined }) {
    this.#name = name;
    this.#random = random;
    this.#plant = plant;
  }

  /** Opens the store for a process. */
  async open(life: ProcessLife, observer: StoreObserver): Promise<Store> {
    const process = { name: this.#name, clock: life.clock };
    const onDisk = logOnDisk(this.#kept, { life, speed: this.speed, random: fork(this.#random) });
    const store = await openMemoryStore({ log: this.#plant?.log?.(onDisk, process) ?? onDisk });
    return observedStore(this.#plant?.store?.(store, process) ?? store, observer);
  }
}
