import { isDeepStrictEqual } from 'node:util';
import { type Node, type NodeStatus, nodeResource } from '#api/core/node.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { MachineUsage } from '#kubelet/node/machine.ts';
import { composeNodeStatus, type NodeFacts, nodeDraft, nodeLabels } from '#kubelet/node/node-object.ts';
import type { Availability } from '#kubelet/runtime-observer.ts';
import { createBackoff } from '#system/backoff.ts';
import { type Clock, createNap, type Nap, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** Between two looks at the host, in milliseconds. */
const LOOK_MS = 10_000;

/** A status that has not changed is written again after this time, in milliseconds: each write wears flash out. */
const HEARTBEAT_MS = 300_000;

/** Wait before an API server that did not answer is asked again, first and longest, in milliseconds. */
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;

/** What the writer of a node needs. */
export interface NodeWriterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly facts: NodeFacts;
  readonly availability: () => Availability;
  readonly measure: () => Promise<MachineUsage>;
}

/** Keeps the host's Node object: registers it, and writes its status where that changes, else every five minutes. */
export class NodeWriter {
  readonly #options: NodeWriterOptions;
  #written: { readonly status: NodeStatus; readonly atMs: number } | undefined;
  #registeredAt: string | undefined;
  readonly #nap: Nap;

  constructor(options: NodeWriterOptions) {
    this.#options = options;
    this.#nap = createNap(options.clock);
  }

  /** When the API server first knew this host, RFC 3339; undefined until it has answered. */
  get registeredAt(): string | undefined {
    return this.#registeredAt;
  }

  /** Something has changed that the status tells of: looks at once. */
  look(): void {
    this.#nap.wake();
  }

  /** Runs until `signal` aborts. An API server that does not answer is asked again, and nothing else follows from that. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    const backoff = createBackoff(random, { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
    while (!signal.aborted) {
      try {
        await this.#writeIfChanged();
        backoff.reset();
        await this.#nap.rest(LOOK_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        log[isStatus(error, 'Conflict') ? 'debug' : 'warn']('the node was not written', { error });
        this.#written = undefined;
        await pause(clock, backoff.next(), signal);
      }
    }
  }

  async #writeIfChanged(): Promise<void> {
    const { clock, facts, availability, measure } = this.#options;
    const usage = await measure();
    const compose = (before: NodeStatus | undefined): NodeStatus =>
      composeNodeStatus(facts, { before, availability: availability(), usage, nowMs: clock.now() });
    const written = this.#written;
    const isFresh = written !== undefined && clock.monotonic() - written.atMs < HEARTBEAT_MS;
    if (
      isFresh &&
      isDeepStrictEqual(withoutHeartbeats(written.status), withoutHeartbeats(compose(written.status)))
    )
      return;
    const node = await this.#register();
    const status = compose(node.status);
    const { uid, resourceVersion } = node.metadata;
    const answer = await this.#options.client.patch(nodeResource, node.metadata, {
      patchType: 'merge',
      patch: { metadata: { uid, resourceVersion }, status },
      subresource: 'status',
    });
    this.#written = { status: answer.status ?? status, atMs: clock.monotonic() };
  }

  /** The Node object, with its labels; made where there is none. */
  async #register(): Promise<Node> {
    const { client, facts } = this.#options;
    const found = await client.find(nodeResource, { name: facts.nodeName });
    const node = found ?? (await client.create(nodeResource, nodeDraft(facts)));
    this.#registeredAt = node.metadata.creationTimestamp;
    const labels = nodeLabels(facts);
    if (Object.entries(labels).every(([key, value]) => node.metadata.labels?.[key] === value)) return node;
    return client.patch(nodeResource, node.metadata, { patchType: 'merge', patch: { metadata: { labels } } });
  }
}

function withoutHeartbeats(status: NodeStatus): unknown {
  return {
    ...status,
    conditions: status.conditions?.map((condition) => ({ ...condition, lastHeartbeatTime: '' })),
  };
}
