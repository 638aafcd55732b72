import type { ContainerWatcher } from '#simulation/observed-runtime.ts';
import type { Plant } from '#simulation/plant.ts';
import type { ProcessLife } from '#simulation/process-life.ts';
import type { SimulatedNetwork } from '#simulation/simulated-network.ts';
import type { Entry, Operation } from '#store/store.ts';
import type { Log } from '#system/log.ts';
import type { SimulatedClock } from '#system/simulated-time.ts';

/** What every machine of a simulated world stands on. */
export interface Ground {
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly plant: Plant | undefined;
  readonly watchers: Watchers;
  /** The public key that sites trust. */
  readonly bundleKey: () => string;
  readonly logOf: (place: string) => Log;
  /** Runs a process to its end, which only a kill may bring about. */
  readonly supervise: (
    place: string,
    process: { life: ProcessLife; run: (signal: AbortSignal) => Promise<void> },
  ) => void;
}

/** Who is told of what happens inside the machines. */
export interface Watchers {
  committed(place: string, operations: readonly Operation[], result: { readonly revision: number }): void;
  /** A process has opened its store, and has not yet done anything with it. */
  opened(place: string, found: { readonly entries: readonly Entry[]; readonly revision: number }): void;
  containersOf(site: string): ContainerWatcher;
}
