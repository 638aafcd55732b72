import { apiVersionOf, type ResourceType, resourceName } from '#api/resource.ts';
import type { Kinds } from '#apiserver/kinds.ts';
import { garbageCollector } from '#controllers/garbage-collector.ts';
import type { KindRoster } from '#controllers/kind-roster.ts';
import type { Controller } from '#reconcile/controller.ts';
import { type RunnerOptions, type RunningController, startController } from '#reconcile/runner.ts';
import { type Clock, pause } from '#system/clock.ts';

/**
 * How long what is known of a kind is kept after its definition has gone, in milliseconds: what its objects owned is
 * collected meanwhile.
 */
const GONE_KIND_KEPT_MS = 5 * 60_000;

/** How often it is looked whether the first list of a kind is in, in milliseconds. */
const FIRST_LIST_POLL_MS = 20;

export interface CustomKindsOptions {
  readonly kinds: Kinds;
  readonly roster: KindRoster;
  /** The controllers that are started already; those that deal with all kinds take in each new one. */
  readonly controllers: readonly RunningController[];
  readonly runner: RunnerOptions;
}

/** One kind that is followed. */
interface Followed {
  readonly type: ResourceType;
  readonly stop: AbortController;
  /** Lets what deals with all kinds forget this one. */
  leave: () => void;
  leaving: boolean;
}

/**
 * Lets the controllers that deal with all kinds (garbage collection, namespaces, definitions) know the kinds that
 * definitions add: only the metadata of their objects is kept here, read in the version in which they are stored.
 */
export class CustomKinds {
  readonly #options: CustomKindsOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #collectors = new Set<RunningController>();

  constructor(options: CustomKindsOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { kinds, runner } = this.#options;
    const sync = (): void => this.#sync(signal);
    const end = kinds.subscribe(sync);
    sync();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    end();
    runner.log.debug('custom kinds are followed no more', {});
  }

  #sync(signal: AbortSignal): void {
    const served = readableKinds(this.#options.kinds.current.types);
    for (const [name, followed] of this.#followed) {
      const type = served.get(name);
      if (type === undefined) this.#leaveLater(name, followed, signal);
      else if (isReadDifferently(type, followed.type)) this.#leave(name, followed);
      else followed.leaving = false;
    }
    for (const [name, type] of served) if (!this.#followed.has(name)) void this.#follow(name, type, signal);
  }

  async #follow(name: string, type: ResourceType, signal: AbortSignal): Promise<void> {
    const { roster, controllers, runner } = this.#options;
    const stop = new AbortController();
    const ends = AbortSignal.any([signal, stop.signal]);
    const followed: Followed = { type, stop, leave: () => undefined, leaving: false };
    this.#followed.set(name, followed);
    const view = runner.views.add(type, { scope: { metadataOnly: true }, mayBeUnknown: true }, ends);
    while (!view.synced && !ends.aborted) await pause(runner.clock, FIRST_LIST_POLL_MS, ends);
    if (ends.aborted) return;
    // Nothing is concluded from a kind before everything of it is known.
    roster.add(type);
    const others = [...controllers, ...this.#collectors];
    const collector = startController(garbageCollector(type, roster) as unknown as Controller, runner);
    const leaves = others.map((controller) => controller.follow(type));
    this.#collectors.add(collector);
    followed.leave = () => {
      roster.remove(type);
      this.#collectors.delete(collector);
      for (const leave of leaves) leave();
    };
    await collector.run(ends);
  }

  #leaveLater(name: string, followed: Followed, signal: AbortSignal): void {
    if (followed.leaving) return;
    followed.leaving = true;
    void wait(this.#options.runner.clock, signal).then(() => {
      if (followed.leaving && this.#followed.get(name) === followed) this.#leave(name, followed);
      return undefined;
    });
  }

  #leave(name: string, followed: Followed): void {
    this.#followed.delete(name);
    followed.leave();
    followed.stop.abort();
    this.#options.runner.views.forget(followed.type);
  }
}

function wait(clock: Clock, signal: AbortSignal): Promise<void> {
  return pause(clock, GONE_KIND_KEPT_MS, signal);
}

/** Each custom kind in one version: the one in which its objects are stored, where that is served, else the first. */
function readableKinds(types: readonly ResourceType[]): Map<string, ResourceType> {
  const kinds = new Map<string, ResourceType>();
  for (const type of types) {
    if (type.custom === undefined) continue;
    const isStored = apiVersionOf(type) === type.custom.storage.apiVersion;
    if (isStored || !kinds.has(resourceName(type))) kinds.set(resourceName(type), type);
  }
  return kinds;
}

function isReadDifferently(a: ResourceType, b: ResourceType): boolean {
  return a.version !== b.version || a.kind !== b.kind || a.namespaced !== b.namespaced;
}
