import { startTestServer, type TestServer, type TestServerOptions } from '#apiserver/test-server.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import type { Store } from '#store/store.ts';
import { type Random, randomInteger } from '#system/random.ts';
import { seededRandom } from '#system/simulated-time.ts';

/** The longest that most calls of the store are held up on each side, in turns of the microtask queue; */
const SHORT_TURNS_MAX = 10;

/** and one in so many for as long as this: others do much meanwhile. */
const LONG_ONE_IN = 6;
const LONG_TURNS_MAX = 1000;

/** Several API servers on one store, as in processes of their own, whose calls of it are held up at random. */
export interface SeveralServers {
  readonly servers: readonly TestServer[];
  readonly store: Store;
  stop(): Promise<void>;
}

/** `optionsOf` is asked once for each server, with the store as it sees it. */
export async function startSeveralServers(
  count: number,
  {
    seed,
    optionsOf = () => ({}),
  }: { seed: number; optionsOf?: (store: Store, index: number) => TestServerOptions },
): Promise<SeveralServers> {
  const store = await openMemoryStore({ log: createMemoryLog(), shared: true });
  const random = seededRandom(seed);
  const servers: TestServer[] = [];
  for (let index = 0; index < count; index++) {
    const view = heldUp(store, random);
    servers.push(await startTestServer({ ...optionsOf(view, index), store: view }));
  }
  return {
    servers,
    store,
    async stop() {
      for (const server of servers) await server.stop();
      await store[Symbol.asyncDispose]();
    },
  };
}

function heldUp(store: Store, random: Random): Store {
  const around = async <T>(call: () => Promise<T>): Promise<T> => {
    await holdUp(random);
    const result = await call();
    await holdUp(random);
    return result;
  };
  return {
    epoch: store.epoch,
    shared: store.shared,
    get revision() {
      return store.revision;
    },
    get: (key) => around(() => store.get(key)),
    list: (prefix, options) => around(() => store.list(prefix, options)),
    count: (prefix) => around(() => store.count(prefix)),
    commit: (operations) => around(() => store.commit(operations)),
    watch: (prefix, after, watcher) => store.watch(prefix, after, watcher),
    compact: (revision) => store.compact(revision),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function holdUp(random: Random): Promise<void> {
  return someTurns(random, randomInteger(random, LONG_ONE_IN) === 0 ? LONG_TURNS_MAX : SHORT_TURNS_MAX);
}

/** Lets others go first, for up to so many turns of the microtask queue. */
export async function someTurns(random: Random, turnsMax: number): Promise<void> {
  for (let turns = randomInteger(random, turnsMax + 1); turns > 0; turns--) await Promise.resolve();
}
