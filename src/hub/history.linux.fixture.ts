import { setTimeout as sleep } from 'node:timers/promises';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { isStatus, StatusError } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { History, RecordedEvent, RecordedRead, RecordedWrite } from '#hub/history-check.fixture.ts';

/** The keys that all workers write. */
const KEYS = ['k0', 'k1', 'k2', 'k3'];

/** Workers that write, each as fast as it is answered; and those that list. */
const WRITERS = 6;
const READERS = 2;

/** One in so many writes is a deletion. */
const DELETION_EVERY = 9;

const NAMESPACE = 'default';

/** Clients at work, and what they saw; disposal ends the work as it is. */
export interface Recording extends Disposable {
  readonly history: History;
  /** How many writes were acknowledged so far. */
  readonly acknowledged: () => number;
  /** Ends the work, waits until the watch has told everything, and returns how often it was opened. */
  finish(): Promise<{ watches: number }>;
}

/**
 * Writes, lists and watches through whatever API servers `clients` names at the moment, and records it. Errors are taken as
 * they come: what was not answered is recorded as such. Each worker goes from server to server; or, where it `stays`, has one,
 * so that a server which hangs holds up its own only.
 */
export async function record(clients: () => readonly Client[], { stays = false } = {}): Promise<Recording> {
  const [writes, reads, events]: [RecordedWrite[], RecordedRead[], RecordedEvent[]] = [[], [], []];
  const stop = new AbortController();
  const clientOf = (index: number): Client | undefined => clients()[index % Math.max(1, clients().length)];
  const begin = await clientOf(0)?.list(configMapResource, { namespace: NAMESPACE });
  const follower = new Follower(events, begin?.resourceVersion ?? '0');
  const workers = [
    ...Array.from({ length: WRITERS }, (_, index) => write(index)),
    ...Array.from({ length: READERS }, (_, index) => read(index)),
  ];

  async function write(worker: number): Promise<void> {
    for (let n = 0; !stop.signal.aborted; n++) {
      const client = clientOf(stays ? worker : worker + n);
      const key = KEYS[(worker * 7 + n) % KEYS.length] ?? 'k0';
      if (client === undefined) await sleep(20);
      else if (n % DELETION_EVERY === DELETION_EVERY - 1) await remove(client, key);
      else await put(client, key, `${worker}-${n}`);
    }
  }

  async function put(client: Client, key: string, value: string): Promise<void> {
    const invoked = performance.now();
    try {
      const { metadata } = await putOnce(client, key, value);
      writes.push({
        key,
        value,
        invoked,
        returned: performance.now(),
        revision: Number(metadata.resourceVersion),
      });
    } catch (error) {
      if (wasRefused(error)) return;
      writes.push({ key, value, invoked });
      await sleep(20);
    }
  }

  async function remove(client: Client, key: string): Promise<void> {
    const invoked = performance.now();
    try {
      await client.delete(configMapResource, { namespace: NAMESPACE, name: key });
    } catch (error) {
      if (wasRefused(error)) return;
    }
    // The answer does not say at which revision.
    writes.push({ key, value: undefined, invoked });
  }

  async function read(worker: number): Promise<void> {
    for (let n = 0; !stop.signal.aborted; n++) {
      const invoked = performance.now();
      try {
        const list = await clientOf(stays ? worker : worker + n)?.list(configMapResource, {
          namespace: NAMESPACE,
        });
        if (list !== undefined)
          reads.push({
            invoked,
            returned: performance.now(),
            revision: Number(list.resourceVersion),
            state: stateOf(list.items),
          });
      } catch {
        // Nothing was seen.
      }
      await sleep(5);
    }
  }

  const following = follower.run(clients, stop.signal);
  return {
    history: { writes, reads, events },
    acknowledged: () => writes.filter(({ revision }) => revision !== undefined).length,
    async finish() {
      const last = Math.max(...writes.map(({ revision }) => revision ?? 0));
      for (let turns = 0; turns < 200 && (events.at(-1)?.revision ?? 0) < last; turns++) await sleep(50);
      stop.abort();
      await Promise.all(workers);
      const end = Math.max(
        ...writes.map(({ revision }) => revision ?? 0),
        ...reads.map(({ revision }) => revision),
      );
      await follower.reach(end, clients);
      await following;
      return { watches: follower.watches };
    },
    [Symbol.dispose]: () => stop.abort(),
  };
}

async function putOnce(client: Client, name: string, value: string): Promise<ConfigMap> {
  try {
    const patch = { data: { value } };
    return await client.patch(
      configMapResource,
      { namespace: NAMESPACE, name },
      { patchType: 'merge', patch },
    );
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error;
    const metadata = { namespace: NAMESPACE, name };
    return await client.create(configMapResource, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { value },
    });
  }
}

/** Whether the server said that nothing was changed. */
function wasRefused(error: unknown): boolean {
  return error instanceof StatusError && error.code < 500;
}

function stateOf(items: readonly ConfigMap[]): Map<string, string> {
  return new Map(
    items.flatMap(({ metadata, data }) =>
      KEYS.includes(metadata.name) ? [[metadata.name, data?.value ?? '']] : [],
    ),
  );
}

/** One watch that goes on at any server where it was cut off, from the first revision on. */
class Follower {
  readonly #events: RecordedEvent[];
  #version: string;
  watches = 0;

  constructor(events: RecordedEvent[], version: string) {
    this.#events = events;
    this.#version = version;
  }

  async run(clients: () => readonly Client[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#once(clients()[this.watches % Math.max(1, clients().length)], signal);
      await sleep(10);
    }
  }

  /** Follows until everything up to `revision` was told. */
  async reach(revision: number, clients: () => readonly Client[]): Promise<void> {
    for (let tries = 0; tries < 20 && (this.#events.at(-1)?.revision ?? 0) < revision; tries++) {
      await this.#once(clients()[0], AbortSignal.timeout(300));
    }
  }

  async #once(client: Client | undefined, signal: AbortSignal): Promise<void> {
    if (client === undefined) return;
    try {
      this.watches += 1;
      const options = { namespace: NAMESPACE, resourceVersion: this.#version, signal };
      for await (const event of client.watch(configMapResource, options)) {
        if (event.type === 'BOOKMARK') {
          this.#version = event.resourceVersion;
          continue;
        }
        const { metadata, data } = event.object;
        this.#version = metadata.resourceVersion;
        const value = event.type === 'DELETED' ? undefined : data?.value;
        if (KEYS.includes(metadata.name))
          this.#events.push({ key: metadata.name, value, revision: Number(metadata.resourceVersion) });
      }
    } catch (error) {
      if (isStatus(error, 'Expired')) throw error;
      // Cut off: it goes on where it was.
    }
  }
}
