import { describe, test } from 'node:test';
import { commitSituations } from '#store/conformance-commit.ts';
import { compactionSituations } from '#store/conformance-compaction.ts';
import { checkAgainstModel } from '#store/conformance-model.ts';
import { readSituations } from '#store/conformance-read.ts';
import { reopenSituations } from '#store/conformance-reopen.ts';
import { watchSituations } from '#store/conformance-watch.ts';
import type { Store } from '#store/store.ts';

/** One place that keeps a store's data, for one test. */
export interface StoreBed {
  /** Opens the store on this place; the one before it was disposed. */
  open(options?: { epochMin?: number }): Promise<Store>;
  /** Throws the place away. */
  remove(): Promise<void>;
}

/** A sentence of the contract, and what proves it on a fresh store. Situations that reopen dispose the store themselves. */
export interface Situation {
  readonly name: string;
  readonly run: (store: Store, bed: StoreBed) => Promise<void>;
}

/** How many random histories the model test runs on each driver. */
const MODEL_RUNS = 30;

/** The conformance suite: every driver passes it unchanged. */
export function describeStore(name: string, createBed: () => Promise<StoreBed>): void {
  const situations = [
    ...readSituations,
    ...commitSituations,
    ...watchSituations,
    ...compactionSituations,
    ...reopenSituations,
  ];
  describe(`${name} store`, () => {
    for (const situation of situations) {
      test(situation.name, async () => {
        const bed = await createBed();
        const store = await bed.open();
        try {
          await situation.run(store, bed);
        } finally {
          await store[Symbol.asyncDispose]();
          await bed.remove();
        }
      });
    }
    test('behaves as a trivial model does, in random histories', () =>
      checkAgainstModel(createBed, MODEL_RUNS));
  });
}
