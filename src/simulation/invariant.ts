import type { SimulatedContainer } from '#cri/simulated-machine.ts';
import type { World } from '#simulation/world.ts';
import type { Entry, Operation } from '#store/store.ts';

/** Something that must hold in every run. Each method is told of what happens and reports what must not be. */
export interface Invariant {
  readonly name: string;
  /** The store of `place` acknowledged these operations. */
  committed?(place: string, operations: readonly Operation[], result: { readonly revision: number }): void;
  /** A process opened the store of `place`, and found this. */
  opened?(place: string, found: { readonly entries: readonly Entry[]; readonly revision: number }): void;
  /** A site's agent is about to stop a running container. */
  stopping?(site: string, container: SimulatedContainer): void;
  /** A site's agent has started a container. */
  containerStarted?(site: string, container: SimulatedContainer): void;
  /** Some minutes have passed; all promises have settled. */
  look?(): Promise<void>;
}

/** Makes an invariant of a world; `broken` reports that it does not hold. */
export type InvariantMaker = (world: World, broken: (text: string) => void) => Invariant;
