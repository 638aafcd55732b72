import type { Runtime } from '#cri/runtime.ts';
import type { SimulatedMachine } from '#cri/simulated-machine.ts';
import type { DurableLog } from '#store/memory-log.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { Network } from '#system/network.ts';

/**
 * A defect that is planted to see that it is caught: wrappers that break one contract each. What they wrap is the real
 * code, and it knows nothing of them.
 */
export interface Plant {
  readonly name: string;
  /** What is broken, in a few words. */
  readonly text: string;
  readonly log?: (log: DurableLog, process: PlantedProcess) => DurableLog;
  readonly store?: (store: Store, process: PlantedProcess) => Store;
  readonly network?: (network: Network, process: PlantedProcess) => Network;
  readonly runtime?: (runtime: Runtime, machine: SimulatedMachine) => Runtime;
}

/** The process that a defect is in. */
export interface PlantedProcess {
  /** `hub`, or the site. */
  readonly name: string;
  readonly clock: Clock;
}
